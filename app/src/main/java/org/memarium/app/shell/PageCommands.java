package org.memarium.app.shell;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.KernelPages;

/** {@code alloc_pages} and its kin. */
final class PageCommands {
  private final Session session;
  private final KernelPages pages;

  PageCommands(Session session) {
    this.session = session;
    this.pages = session.machine().pages();
  }

  void addTo(Registry registry) {
    registry.add(
        "alloc_pages",
        "ORDER [GFP]",
        Topic.PAGES,
        "takes a block of 2^ORDER frames; gives its first pfn",
        this::allocPages);
    registry.add(
        "free_pages",
        "PFN|ADDRESS [ORDER]",
        Topic.PAGES,
        "gives a block back, by its first pfn or its address in the direct map",
        "Without ORDER it is the one that the block was taken with.",
        this::freePages);
    registry.add(
        "get_free_pages",
        "ORDER [GFP]",
        Topic.PAGES,
        "takes a block of low memory; gives its linear address",
        arguments -> byAddress(arguments.order(0), arguments.gfp(1)));
    registry.add(
        "get_zeroed_page",
        "[GFP]",
        Topic.PAGES,
        "takes one page of zeroes of low memory; gives its linear address",
        arguments -> found(pages.getZeroedPage(arguments.gfp(0)), 0));
    registry.add(
        "alloc_pages_exact",
        "SIZE [GFP]",
        Topic.PAGES,
        "takes so many pages in one piece, each a block of its own",
        this::allocExact);
    registry.add(
        "free_pages_exact",
        "ADDRESS SIZE",
        Topic.PAGES,
        "gives them back",
        arguments -> {
          pages.freePagesExact(arguments.address(0), arguments.bytes(1));
          return null;
        });
  }

  private Long allocPages(Arguments arguments) {
    int order = arguments.order(0);
    int pfn = pages.allocPages(arguments.gfp(1), order);
    if (pfn < 0) {
      throw noMemory(order);
    }
    session.out().format("pfn 0x%x: %s", pfn, block(order));
    return (long) pfn;
  }

  private Long byAddress(int order, int gfpFlags) {
    return found(pages.getFreePages(gfpFlags, order), order);
  }

  private Long allocExact(Arguments arguments) {
    long bytes = arguments.bytes(0);
    long linearAddress = pages.allocPagesExact(bytes, arguments.gfp(1));
    if (linearAddress == 0) {
      throw new ShellError("no memory for %,d bytes in one piece".formatted(bytes));
    }
    session
        .out()
        .format(
            "%s: %s from pfn 0x%x",
            session.address(linearAddress),
            Output.count(Arguments.pages(bytes), "page"),
            pages.virtToPfn(linearAddress));
    return linearAddress;
  }

  private Long found(long linearAddress, int order) {
    if (linearAddress == 0) {
      throw noMemory(order);
    }
    session
        .out()
        .format(
            "%s: %s from pfn 0x%x",
            session.address(linearAddress), block(order), pages.virtToPfn(linearAddress));
    return linearAddress;
  }

  private ShellError noMemory(int order) {
    int most = session.machine().memory().allocator().maxOrder();
    return new ShellError(
        order > most
            ? "blocks have order 0 to %d, not %d".formatted(most, order)
            : "no memory: there is no free block of order %d".formatted(order));
  }

  private static String block(int order) {
    return order == 0 ? "1 page" : "%,d pages (order %d)".formatted(1L << order, order);
  }

  private @Nullable Long freePages(Arguments arguments) {
    long what = arguments.address(0);
    long pageOffset = session.machine().memory().allocator().architecture().pageOffset();
    int pfn =
        Long.compareUnsigned(what, pageOffset) >= 0 ? pages.virtToPfn(what) : arguments.pfn(0);
    int order = arguments.has(1) ? arguments.order(1) : pages.held().getOrDefault(pfn, 0);
    pages.freePages(pfn, order);
    session.out().format("freed pfn 0x%x: %s", pfn, block(order));
    return null;
  }
}
