package org.memarium.app.shell;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.slab.Kmalloc;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.slab.SlabAllocator;

/** {@code kmalloc} and its kin. */
final class KmallocCommands {
  private final Session session;
  private final SlabAllocator slab;
  private final Kmalloc kmalloc;

  KmallocCommands(Session session) {
    this.session = session;
    this.slab = session.machine().slab();
    this.kmalloc = slab.kmalloc();
  }

  void addTo(Registry registry) {
    registry.add(
        "kmalloc",
        "SIZE [GFP]",
        Topic.SLABS,
        "takes memory of at least SIZE bytes; gives its linear address",
        arguments ->
            found(arguments.bytes(0), kmalloc.kmalloc(arguments.bytes(0), arguments.gfp(1))));
    registry.add(
        "kzalloc",
        "SIZE [GFP]",
        Topic.SLABS,
        "the same, zeroed",
        arguments ->
            found(arguments.bytes(0), kmalloc.kzalloc(arguments.bytes(0), arguments.gfp(1))));
    registry.add(
        "kcalloc",
        "COUNT SIZE [GFP]",
        Topic.SLABS,
        "COUNT times SIZE bytes, zeroed; refused where that overflows",
        this::kcalloc);
    registry.add(
        "krealloc",
        "ADDRESS SIZE [GFP]",
        Topic.SLABS,
        "the same bytes with room for SIZE; gives the address, which may be another",
        arguments ->
            found(
                arguments.bytes(1),
                kmalloc.krealloc(arguments.address(0), arguments.bytes(1), arguments.gfp(2))));
    registry.add(
        "ksize", "ADDRESS", Topic.SLABS, "says how many bytes may be used there", this::ksize);
    registry.add("kfree", "ADDRESS", Topic.SLABS, "gives memory of kmalloc back", this::kfree);
  }

  private Long kcalloc(Arguments arguments) {
    long count = arguments.number(0, "COUNT", 0, Long.MAX_VALUE);
    long size = arguments.bytes(1);
    long address = kmalloc.kcalloc(count, size, arguments.gfp(2));
    if (address == 0) {
      throw new ShellError(
          "no memory for %,d times %,d bytes, or it overflows".formatted(count, size));
    }
    return found(count * size, address);
  }

  private Long found(long bytes, long address) {
    if (address == 0) {
      throw new ShellError(
          bytes > kmalloc.maxBytes()
              ? "%,d bytes are more than kmalloc ever gives: %,d"
                  .formatted(bytes, kmalloc.maxBytes())
              : "no memory for %,d bytes".formatted(bytes));
    }
    session.out().format("%s: %s", session.address(address), from(address));
    return address;
  }

  private String from(long address) {
    if (address == Kmalloc.ZERO_SIZE_PTR) {
      return "ZERO_SIZE_PTR, nothing may be read or written there";
    }
    KmemCache cache = slab.virtToCache(address);
    return "%,d bytes of %s"
        .formatted(kmalloc.ksize(address), cache == null ? "the page allocator" : cache.name());
  }

  private Long ksize(Arguments arguments) {
    long bytes = kmalloc.ksize(arguments.address(0));
    session.out().format("%,d", bytes);
    return bytes;
  }

  private @Nullable Long kfree(Arguments arguments) {
    kmalloc.kfree(arguments.address(0));
    return null;
  }
}
