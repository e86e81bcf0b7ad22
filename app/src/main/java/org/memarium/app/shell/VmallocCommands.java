package org.memarium.app.shell;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.vmalloc.Kmap;
import org.memarium.mm.vmalloc.KvMalloc;
import org.memarium.mm.vmalloc.Vmalloc;

/** {@code vmalloc} and its kin, and {@code kmap}. */
final class VmallocCommands {
  /** What {@code /proc/vmallocinfo} names as the caller. */
  private static final String CALLER = "memarium_shell";

  private final Session session;
  private final Vmalloc vmalloc;
  private final KvMalloc kvMalloc;
  private final Kmap kmap;

  VmallocCommands(Session session) {
    this.session = session;
    this.vmalloc = session.machine().vmalloc();
    this.kvMalloc = session.machine().kvMalloc();
    this.kmap = session.machine().kmap();
  }

  void addTo(Registry registry) {
    registry.add(
        "vmalloc",
        "SIZE [GFP]",
        Topic.VMALLOC,
        "takes pages from anywhere and maps them in a row; gives the address",
        arguments -> vmalloc(arguments, arguments.gfp(1)));
    registry.add(
        "vzalloc",
        "SIZE [GFP]",
        Topic.VMALLOC,
        "the same, zeroed",
        arguments -> vmalloc(arguments, arguments.gfp(1) | Gfp.ZERO));
    registry.add(
        "vfree",
        "ADDRESS",
        Topic.VMALLOC,
        "gives an area and its pages back",
        arguments -> done(() -> vmalloc.vfree(arguments.address(0))));
    registry.add(
        "vmap",
        "PFN...",
        Topic.VMALLOC,
        "maps frames, which stay yours, in a row; gives the address",
        this::vmap);
    registry.add(
        "vunmap",
        "ADDRESS",
        Topic.VMALLOC,
        "undoes vmap",
        arguments -> done(() -> vmalloc.vunmap(arguments.address(0))));
    registry.add(
        "ioremap",
        "PHYSICAL SIZE",
        Topic.VMALLOC,
        "maps physical addresses that are not RAM; gives the address",
        this::ioremap);
    registry.add(
        "iounmap",
        "ADDRESS",
        Topic.VMALLOC,
        "undoes ioremap",
        arguments -> done(() -> vmalloc.iounmap(arguments.address(0))));
    registry.add(
        "kvmalloc",
        "SIZE [GFP]",
        Topic.VMALLOC,
        "tries kmalloc, then vmalloc",
        arguments ->
            area(arguments, kvMalloc.kvmalloc(arguments.bytes(0), arguments.gfp(1), CALLER)));
    registry.add(
        "kvfree",
        "ADDRESS",
        Topic.VMALLOC,
        "gives memory of kvmalloc back",
        arguments -> done(() -> kvMalloc.kvfree(arguments.address(0))));
    registry.add(
        "kmap",
        "PFN",
        Topic.VMALLOC,
        "lends a frame of high memory an address; gives it",
        this::kmap);
    registry.add(
        "kunmap",
        "PFN",
        Topic.VMALLOC,
        "gives the address back",
        arguments -> done(() -> kmap.kunmap(arguments.pfn(0))));
    registry.add(
        "vmalloc_to_pfn",
        "ADDRESS",
        Topic.VMALLOC,
        "says which frame is mapped there",
        this::toPfn);
  }

  private static @Nullable Long done(Runnable action) {
    action.run();
    return null;
  }

  private Long vmalloc(Arguments arguments, int gfpFlags) {
    return area(arguments, vmalloc.vmalloc(arguments.bytes(0), 1, gfpFlags, 0, CALLER));
  }

  private Long area(Arguments arguments, long address) {
    long bytes = arguments.bytes(0);
    if (address == 0) {
      throw new ShellError(
          bytes == 0 ? "0 bytes are no area" : "no memory for %,d bytes".formatted(bytes));
    }
    session
        .out()
        .format("%s: %s", session.address(address), Output.count(Arguments.pages(bytes), "page"));
    return address;
  }

  private Long vmap(Arguments arguments) {
    int[] pfns = new int[arguments.count()];
    for (int i = 0; i < pfns.length; i++) {
      pfns[i] = arguments.pfn(i);
    }
    long address = vmalloc.vmap(pfns, CALLER);
    if (address == 0) {
      throw new ShellError("no memory");
    }
    session.out().format("%s: %s", session.address(address), Output.count(pfns.length, "page"));
    return address;
  }

  private Long ioremap(Arguments arguments) {
    long physical = arguments.number(0, "PHYSICAL", 0, Long.MAX_VALUE);
    long address = vmalloc.ioremap(physical, arguments.bytes(1), CALLER);
    if (address == 0) {
      throw new ShellError(
          "0x%x cannot be mapped: RAM, no such address, or no room".formatted(physical));
    }
    session.out().format("%s: physical 0x%x", session.address(address), physical);
    return address;
  }

  private Long kmap(Arguments arguments) {
    int pfn = arguments.pfn(0);
    long address = kmap.kmap(pfn);
    session.out().format("%s: frame 0x%x", session.address(address), pfn);
    return address;
  }

  private Long toPfn(Arguments arguments) {
    int pfn = vmalloc.vmallocToPfn(arguments.address(0));
    if (pfn < 0) {
      throw new ShellError("nothing is mapped there");
    }
    session.out().format("pfn 0x%x", pfn);
    return (long) pfn;
  }
}
