package org.memarium.app.shell;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.app.shell.Output.Style;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabInfo;
import org.memarium.mm.slab.SlabView;

/** {@code kmem_cache_*}, and the picture of a cache. */
final class SlabCommands {
  private static final int OBJECTS_PER_ROW = 64;

  private final Session session;
  private final SlabAllocator slab;

  SlabCommands(Session session) {
    this.session = session;
    this.slab = session.machine().slab();
  }

  void addTo(Registry registry) {
    registry.add(
        "kmem_cache_create",
        "NAME SIZE [ALIGN] [SLAB_FLAGS]",
        Topic.SLABS,
        "makes a cache of objects of SIZE bytes",
        """
        SLAB_FLAGS by Linux's names joined with |, such as SLAB_HWCACHE_ALIGN, or, to have errors
        found and reported, SLAB_CONSISTENCY_CHECKS|SLAB_RED_ZONE|SLAB_POISON|SLAB_STORE_USER.\
        """,
        this::create);
    registry.add(
        "kmem_cache_alloc",
        "CACHE [GFP]",
        Topic.SLABS,
        "takes an object; gives its linear address",
        this::alloc);
    registry.add(
        "kmem_cache_free", "CACHE ADDRESS", Topic.SLABS, "gives an object back", this::free);
    registry.add(
        "kmem_cache_shrink",
        "CACHE",
        Topic.SLABS,
        "gives slabs without objects in use back to the page allocator",
        this::shrink);
    registry.add(
        "kmem_cache_destroy",
        "CACHE",
        Topic.SLABS,
        "ends a cache, all of whose objects are free",
        this::destroy);
    registry.add(
        "slab",
        "[CACHE]",
        Topic.SLABS,
        "draws the objects of a cache; without one, lists the caches",
        this::draw);
  }

  private KmemCache cache(Arguments arguments) {
    String name = arguments.word(0);
    KmemCache made = session.madeCaches().get(name);
    KmemCache cache = made != null ? made : slab.cache(name);
    if (cache == null) {
      throw new ShellError(
          "there is no cache %s%s".formatted(name, Nearest.hint(name, session.cacheNames())));
    }
    return cache;
  }

  private @Nullable Long create(Arguments arguments) {
    int size = (int) arguments.number(1, "SIZE", 0, Integer.MAX_VALUE);
    int align = arguments.has(2) ? (int) arguments.number(2, "ALIGN", 0, Integer.MAX_VALUE) : 0;
    int flags = arguments.has(3) ? FlagNames.SLAB.parse(arguments.word(3)) : 0;
    String name = arguments.word(0);
    if (session.madeCaches().containsKey(name)) {
      throw new ShellError(name + " is there already");
    }
    KmemCache cache = slab.kmemCacheCreate(name, size, align, flags, null);
    if (cache == null) {
      throw new ShellError("no memory");
    }
    session.madeCaches().put(name, cache);
    if (!cache.name().equals(name)) {
      session.out().format("%s: merged with %s, which is like it", name, cache.name());
    }
    session.out().line(shape(cache));
    return null;
  }

  private static String shape(KmemCache cache) {
    return "%s: objects of %,d bytes, %,d bytes apart, %,d in a slab of %s"
        .formatted(
            cache.name(),
            cache.objectSize(),
            cache.size(),
            cache.objectsPerSlab(),
            Output.count(1L << cache.order(), "page"));
  }

  private Long alloc(Arguments arguments) {
    KmemCache cache = cache(arguments);
    long object = cache.alloc(arguments.gfp(1));
    if (object == 0) {
      throw new ShellError("no memory");
    }
    session.out().format("%s: an object of %s", session.address(object), cache.name());
    return object;
  }

  private @Nullable Long free(Arguments arguments) {
    cache(arguments).free(arguments.address(1));
    return null;
  }

  private @Nullable Long shrink(Arguments arguments) {
    KmemCache cache = cache(arguments);
    long before = cache.slabinfo().slabs();
    cache.shrink();
    session
        .out()
        .format(
            "%s: %s, before %,d",
            cache.name(), Output.count(cache.slabinfo().slabs(), "slab"), before);
    return null;
  }

  private @Nullable Long destroy(Arguments arguments) {
    KmemCache cache = cache(arguments);
    if (!cache.destroy()) {
      throw new ShellError("%s still has objects in use".formatted(cache.name()));
    }
    session.madeCaches().remove(arguments.word(0));
    return null;
  }

  // ---- Pictures ----

  private @Nullable Long draw(Arguments arguments) {
    if (!arguments.has(0)) {
      list();
      return null;
    }
    KmemCache cache = cache(arguments);
    List<SlabView> views = SlabView.of(cache);
    long objects = 0;
    long used = 0;
    for (SlabView view : views) {
      objects += view.objects();
      used += view.objects() - view.free().cardinality();
    }
    Output out = session.out();
    out.line(shape(cache));
    out.format("%s, %,d of %,d objects in use", Output.count(views.size(), "slab"), used, objects);
    for (SlabView view : views) {
      out.format(
          "%s  pfn 0x%x, %s, %,d of %,d in use",
          session.address(view.firstObject()),
          view.pfn(),
          view.place().words(),
          view.objects() - view.free().cardinality(),
          view.objects());
      rows(view);
    }
    if (!views.isEmpty()) {
      out.format("  %s in use   %s free", out.paint(Style.SLAB, "#"), out.paint(Style.FREE, "."));
    }
    return null;
  }

  private void rows(SlabView view) {
    Output out = session.out();
    for (int row = 0; row < view.objects(); row += OBJECTS_PER_ROW) {
      Picture line = new Picture(out);
      for (int i = row; i < Math.min(row + OBJECTS_PER_ROW, view.objects()); i++) {
        boolean free = view.free().get(i);
        line.add(free ? Style.FREE : Style.SLAB, free ? '.' : '#');
      }
      out.line("  " + line);
    }
  }

  private void list() {
    Output out = session.out();
    out.heading(
        "%-24s %7s %9s %9s %7s %6s"
            .formatted("cache", "size", "active", "objects", "slabs", "pages"));
    for (KmemCache cache : slab.caches()) {
      SlabInfo info = cache.slabinfo();
      out.format(
          "%-24s %,7d %,9d %,9d %,7d %,6d",
          cache.name(),
          cache.size(),
          info.activeObjects(),
          info.objects(),
          info.slabs(),
          info.slabs() * info.pagesPerSlab());
    }
  }
}
