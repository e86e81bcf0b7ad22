package org.memarium.mm.slab;

/** What a debugged cache does more. */
final class SlabDebug {
  SlabDebug(KmemCache cache) {
    throw new IllegalStateException(cache.name() + ": slub_debug is not built yet");
  }

  void setupSlab(int slab) {}

  void setupObject(long object) {}

  void checkBeforeFree(int slab) {}

  long alloc(int gfpFlags, int bytes) {
    return 0;
  }

  void free(long object, int head) {}

  int validate() {
    return 0;
  }

  void audit(int slab, org.memarium.mm.Audit audit, String who) {}

  int errors() {
    return 0;
  }

  int sizeAsked(long object) {
    return 0;
  }

  void setSizeAsked(long object, int bytes) {}
}
