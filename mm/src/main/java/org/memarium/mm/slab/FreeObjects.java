package org.memarium.mm.slab;

import java.util.BitSet;
import org.memarium.mm.frame.StructSlab;

/** Finds which objects of a slab are on a free list, by walking the list. */
final class FreeObjects {
  private final SlabMemory memory;
  private final SlabLayout layout;

  FreeObjects(KmemCache cache) {
    this.memory = cache.allocator().slabMemory();
    this.layout = cache.layout();
  }

  /** {@code __fill_map}: those on the slab's own list; a broken list ends where it breaks. */
  BitSet of(int slab) {
    int first = memory.slabs.freelist(slab);
    return from(slab, first == StructSlab.NONE ? 0 : memory.address(slab) + first);
  }

  /** Those on a list that begins with an object of the slab, or 0. */
  BitSet from(int slab, long first) {
    BitSet free = new BitSet();
    long base = memory.address(slab) + layout.redLeftPad();
    for (long object = first; object != 0; object = memory.getPointer(object + layout.offset())) {
      long distance = object - base;
      long index = distance / layout.size();
      if (distance < 0
          || distance % layout.size() != 0
          || index >= memory.slabs.objects(slab)
          || free.get((int) index)) {
        break;
      }
      free.set((int) index);
    }
    return free;
  }
}
