package org.memarium.app.shell;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.memarium.mm.frame.Gfp;

/** The GFP flags by Linux's names; {@code include/linux/gfp_types.h}. */
final class GfpNames {
  private static final Map<String, Integer> NAMES = names();

  private GfpNames() {}

  private static Map<String, Integer> names() {
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

  /** All names. */
  static List<String> all() {
    return List.copyOf(NAMES.keySet());
  }

  /** The flags of a text such as {@code GFP_KERNEL|__GFP_ZERO}. */
  static int parse(String text) {
    int flags = 0;
    for (String name : text.split("\\|", -1)) {
      Integer value = NAMES.get(name);
      if (value == null) {
        throw new ShellError(
            "there is no GFP flag '%s'%s".formatted(name, Nearest.hint(name, NAMES.keySet())));
      }
      flags |= value;
    }
    return flags;
  }
}
