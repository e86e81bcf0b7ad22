package org.memarium.mm.vmalloc;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.KernelLayout;
import org.memarium.mm.frame.Gfp;

/**
 * {@code pcpu_get_vm_areas} (Linux 6.1 {@code mm/vmalloc.c}): several areas at fixed distances, as
 * the chunks of per-CPU memory of several nodes need them.
 *
 * <p>The search begins at the top of the area for vmalloc, so that what grows from below stays in
 * one piece. A base is tried with each area in turn, from the last on; one that does not fit moves
 * the base down to where it would, and all others are tried again.
 */
final class PercpuAreas {
  private static final long NO_BASE = 0;

  private final VmapSpace space;
  private final VmapAreas areas;
  private final VmAreas vmAreas;
  private final KernelLayout layout;

  PercpuAreas(VmapSpace space, VmAreas vmAreas, KernelLayout layout) {
    this.space = space;
    this.areas = space.areas;
    this.vmAreas = vmAreas;
    this.layout = layout;
  }

  long @Nullable [] get(long[] offsets, long[] bytes, long align) {
    check(offsets, bytes, align);
    long base = findBase(offsets, bytes, align);
    if (base == NO_BASE) {
      space.purgeLazily();
      base = findBase(offsets, bytes, align);
    }
    return base == NO_BASE ? null : take(base, offsets, bytes);
  }

  private static void check(long[] offsets, long[] bytes, long align) {
    if (offsets.length != bytes.length || offsets.length == 0) {
      throw new IllegalArgumentException(
          "%d offsets and %d sizes of areas".formatted(offsets.length, bytes.length));
    }
    for (int i = 0; i < offsets.length; i++) {
      if (offsets[i] % align != 0 || bytes[i] <= 0 || bytes[i] % align != 0) {
        throw new IllegalArgumentException(
            "offset %,d or size %,d is no multiple of the alignment %,d"
                .formatted(offsets[i], bytes[i], align));
      }
      for (int j = 0; j < i; j++) {
        if (offsets[j] < offsets[i] + bytes[i] && offsets[i] < offsets[j] + bytes[j]) {
          throw new IllegalArgumentException("areas %d and %d overlap".formatted(j, i));
        }
      }
    }
  }

  private long findBase(long[] offsets, long[] bytes, long align) {
    int count = offsets.length;
    int area = 0;
    for (int i = 1; i < count; i++) {
      area = offsets[i] > offsets[area] ? i : area;
    }
    int stopAt = area;
    long start = offsets[area];
    long end = start + bytes[area];
    int piece = downFrom(space.free().floor(layout.vmallocEnd()), align);
    long base = endOf(piece, align) - end;
    while (piece != VmapAreas.NONE && base >= layout.vmallocStart()) {
      if (base + end > areas.end[piece] || base + start < areas.start[piece]) {
        int lower = base + end > areas.end[piece] ? piece : areas.previous[piece];
        piece = downFrom(lower, align);
        base = endOf(piece, align) - end;
        stopAt = area;
        continue;
      }
      area = (area + count - 1) % count;
      if (area == stopAt) {
        return base;
      }
      start = offsets[area];
      end = start + bytes[area];
      piece = space.free().floor(base + end - 1);
    }
    return NO_BASE;
  }

  /** {@code pvm_determine_end_from_reverse}: the next piece that reaches an aligned address. */
  private int downFrom(int from, long align) {
    int piece = from;
    while (piece != VmapAreas.NONE && areas.start[piece] >= endOf(piece, align)) {
      piece = areas.previous[piece];
    }
    return piece;
  }

  private long endOf(int piece, long align) {
    return piece == VmapAreas.NONE ? NO_BASE : areas.end[piece] & -align;
  }

  private long @Nullable [] take(long base, long[] offsets, long[] bytes) {
    VmStruct[] made = new VmStruct[offsets.length];
    long[] addresses = new long[offsets.length];
    for (int i = 0; i < made.length; i++) {
      VmStruct vm = vmAreas.getAt(base + offsets[i], bytes[i], Gfp.GFP_KERNEL, "pcpu_get_vm_areas");
      if (vm == null) {
        while (--i >= 0) {
          vmAreas.cancel(made[i]);
        }
        return null;
      }
      made[i] = vm;
      addresses[i] = vm.address;
    }
    return addresses;
  }
}
