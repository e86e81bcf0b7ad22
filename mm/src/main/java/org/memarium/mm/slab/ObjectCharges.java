package org.memarium.mm.slab;

import org.memarium.mm.Audit;
import org.memarium.mm.frame.MemCgroup;
import org.memarium.mm.frame.MemCgroups;
import org.memarium.mm.frame.StructSlab;

/**
 * {@code slab_objcgs}: which memory group pays for which object (Linux 6.1 {@code mm/slab.h}). Only
 * on a machine with groups.
 *
 * <p>On Linux each slab with such an object has a vector of pointers, of kmalloc; here the vector
 * is outside of the machine's memory. The group pays for one pointer with each object all the same.
 */
final class ObjectCharges {
  private final SlabMemory memory;
  private final MemCgroups groups;
  private final int pointerBytes;

  /** By the first frame of a slab: the group of each object, 0 for none. */
  private final byte[][] bySlab;

  ObjectCharges(SlabMemory memory, MemCgroups groups, int pointerBytes) {
    this.memory = memory;
    this.groups = groups;
    this.pointerBytes = pointerBytes;
    this.bySlab = new byte[memory.pages.memMap().frames()][];
  }

  /** {@code obj_full_size}. */
  private int bytes(KmemCache cache) {
    return cache.size() + pointerBytes;
  }

  private static boolean isReclaimable(KmemCache cache) {
    return (cache.flags() & SlabFlags.RECLAIM_ACCOUNT) != 0;
  }

  /**
   * {@code memcg_slab_pre_alloc_hook}: the group of whoever runs pays for an object to come.
   *
   * @return the group, 0 for none; -1 if its limit does not allow it
   */
  int charge(KmemCache cache, int gfpFlags) {
    return groups.chargeObject(bytes(cache), isReclaimable(cache), gfpFlags);
  }

  /** {@code memcg_slab_post_alloc_hook}: the object is there; 0: it did not come. */
  void charged(KmemCache cache, long object, int group) {
    if (object == 0) {
      groups.unchargeObject(group, bytes(cache), isReclaimable(cache));
      return;
    }
    int slab = memory.slabs.head(memory.pfn(object));
    byte[] vector = bySlab[slab];
    if (vector == null || vector.length != memory.slabs.objects(slab)) {
      vector = new byte[memory.slabs.objects(slab)];
      bySlab[slab] = vector;
    }
    vector[index(cache, object, slab)] = (byte) group;
  }

  /** {@code memcg_slab_free_hook}: an object is about to be freed; it may be none. */
  void free(KmemCache cache, long object, int slab) {
    byte[] vector = bySlab[slab];
    int index = vector == null ? -1 : index(cache, object, slab);
    if (vector != null && index >= 0 && index < vector.length && vector[index] != 0) {
      int group = vector[index];
      vector[index] = 0;
      groups.unchargeObject(group, bytes(cache), isReclaimable(cache));
    }
  }

  private int index(KmemCache cache, long object, int slab) {
    return (int) ((object - memory.address(slab)) / cache.size());
  }

  /** Recounts what the groups pay for objects. */
  void audit(Audit audit, SlabAllocator allocator) {
    long[] bytes = new long[groups.all().size() + 1];
    for (int slab = 0; slab < bySlab.length; slab++) {
      byte[] vector = bySlab[slab];
      if (vector == null) {
        continue;
      }
      for (byte group : vector) {
        if (group != 0) {
          KmemCache cache = allocator.cacheOrNull(memory.slabs.slabCache(slab));
          if (cache == null || memory.slabs.head(slab) == StructSlab.NONE) {
            audit.difference("group %d pays for an object at frame 0x%x".formatted(group, slab));
            return;
          }
          bytes[group] += bytes(cache);
        }
      }
    }
    for (MemCgroup group : groups.all()) {
      audit.expectEqual(
          "bytes of objects of " + group.path(), group.objectBytes(), bytes[group.number()]);
    }
  }
}
