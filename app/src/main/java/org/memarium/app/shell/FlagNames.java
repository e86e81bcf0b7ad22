package org.memarium.app.shell;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.SlabFlags;

/** Flags by Linux's names, joined with bars: {@code GFP_KERNEL|__GFP_ZERO}. */
final class FlagNames {
  /** {@code include/linux/gfp_types.h}. */
  static final FlagNames GFP = new FlagNames("GFP flag", gfp());

  /** {@code include/linux/slab.h}: what kmem_cache_create takes. */
  static final FlagNames SLAB = new FlagNames("flag of caches", slab());

  private final String what;
  private final Map<String, Integer> names;

  private FlagNames(String what, Map<String, Integer> names) {
    this.what = what;
    this.names = names;
  }

  private static Map<String, Integer> gfp() {
    Map<String, Integer> names = new LinkedHashMap<>();
    names.put("GFP_HIGHUSER_MOVABLE", Gfp.GFP_HIGHUSER_MOVABLE);
    names.put("GFP_HIGHUSER", Gfp.GFP_HIGHUSER);
    names.put("GFP_USER", Gfp.GFP_USER);
    names.put("GFP_KERNEL_ACCOUNT", Gfp.GFP_KERNEL_ACCOUNT);
    names.put("GFP_KERNEL", Gfp.GFP_KERNEL);
    names.put("GFP_NOFS", Gfp.GFP_NOFS);
    names.put("GFP_NOIO", Gfp.GFP_NOIO);
    names.put("GFP_ATOMIC", Gfp.GFP_ATOMIC);
    names.put("GFP_NOWAIT", Gfp.GFP_NOWAIT);
    names.put("GFP_DMA", Gfp.DMA);
    names.put("GFP_DMA32", Gfp.DMA32);
    names.put("__GFP_DMA", Gfp.DMA);
    names.put("__GFP_HIGHMEM", Gfp.HIGHMEM);
    names.put("__GFP_DMA32", Gfp.DMA32);
    names.put("__GFP_MOVABLE", Gfp.MOVABLE);
    names.put("__GFP_RECLAIMABLE", Gfp.RECLAIMABLE);
    names.put("__GFP_HIGH", Gfp.HIGH);
    names.put("__GFP_IO", Gfp.IO);
    names.put("__GFP_FS", Gfp.FS);
    names.put("__GFP_ZERO", Gfp.ZERO);
    names.put("__GFP_ATOMIC", Gfp.ATOMIC_CONTEXT);
    names.put("__GFP_RECLAIM", Gfp.DIRECT_RECLAIM | Gfp.KSWAPD_RECLAIM);
    names.put("__GFP_DIRECT_RECLAIM", Gfp.DIRECT_RECLAIM);
    names.put("__GFP_KSWAPD_RECLAIM", Gfp.KSWAPD_RECLAIM);
    names.put("__GFP_WRITE", Gfp.WRITE);
    names.put("__GFP_NOWARN", Gfp.NOWARN);
    names.put("__GFP_RETRY_MAYFAIL", Gfp.RETRY_MAYFAIL);
    names.put("__GFP_NOFAIL", Gfp.NOFAIL);
    names.put("__GFP_NORETRY", Gfp.NORETRY);
    names.put("__GFP_MEMALLOC", Gfp.MEMALLOC);
    names.put("__GFP_COMP", Gfp.COMP);
    names.put("__GFP_NOMEMALLOC", Gfp.NOMEMALLOC);
    names.put("__GFP_HARDWALL", Gfp.HARDWALL);
    names.put("__GFP_THISNODE", Gfp.THISNODE);
    names.put("__GFP_ACCOUNT", Gfp.ACCOUNT);
    return names;
  }

  private static Map<String, Integer> slab() {
    Map<String, Integer> names = new LinkedHashMap<>();
    names.put("SLAB_CONSISTENCY_CHECKS", SlabFlags.CONSISTENCY_CHECKS);
    names.put("SLAB_RED_ZONE", SlabFlags.RED_ZONE);
    names.put("SLAB_POISON", SlabFlags.POISON);
    names.put("SLAB_STORE_USER", SlabFlags.STORE_USER);
    names.put("SLAB_TRACE", SlabFlags.TRACE);
    names.put("SLAB_HWCACHE_ALIGN", SlabFlags.HWCACHE_ALIGN);
    names.put("SLAB_CACHE_DMA", SlabFlags.CACHE_DMA);
    names.put("SLAB_CACHE_DMA32", SlabFlags.CACHE_DMA32);
    names.put("SLAB_RECLAIM_ACCOUNT", SlabFlags.RECLAIM_ACCOUNT);
    names.put("SLAB_PANIC", SlabFlags.PANIC);
    names.put("SLAB_TYPESAFE_BY_RCU", SlabFlags.TYPESAFE_BY_RCU);
    names.put("SLAB_ACCOUNT", SlabFlags.ACCOUNT);
    return names;
  }

  /** All names. */
  List<String> all() {
    return List.copyOf(names.keySet());
  }

  /** The flags of a text; 0 is none. */
  int parse(String text) {
    if (text.equals("0")) {
      return 0;
    }
    int flags = 0;
    for (String name : text.split("\\|", -1)) {
      Integer value = names.get(name);
      if (value == null) {
        throw new ShellError(
            "there is no %s '%s'%s".formatted(what, name, Nearest.hint(name, names.keySet())));
      }
      flags |= value;
    }
    return flags;
  }
}
