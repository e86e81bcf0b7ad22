package org.memarium.app.shell;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.memarium.mm.slab.SlabFlags;

/** Flags of a cache by Linux's names; {@code include/linux/slab.h}. */
final class SlabFlagNames {
  private static final Map<String, Integer> NAMES = names();

  private SlabFlagNames() {}

  private static Map<String, Integer> names() {
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

  static List<String> all() {
    return List.copyOf(NAMES.keySet());
  }

  /** The flags of a text such as {@code SLAB_POISON|SLAB_RED_ZONE}; 0 is none. */
  static int parse(String text) {
    if (text.equals("0")) {
      return 0;
    }
    int flags = 0;
    for (String name : text.split("\\|", -1)) {
      Integer value = NAMES.get(name);
      if (value == null) {
        throw new ShellError(
            "there is no flag of caches '%s'%s"
                .formatted(name, Nearest.hint(name, NAMES.keySet())));
      }
      flags |= value;
    }
    return flags;
  }
}
