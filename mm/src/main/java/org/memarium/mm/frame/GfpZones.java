package org.memarium.mm.frame;

import java.util.Arrays;
import org.memarium.mm.Architecture;
import org.memarium.mm.ZoneType;

/**
 * {@code GFP_ZONE_TABLE}: which zone the zone modifiers of an allocation mean.
 *
 * <pre>
 *   none, MOVABLE               Normal
 *   DMA                         DMA
 *   DMA32                       DMA32, or Normal where there is none
 *   HIGHMEM                     HighMem, or Normal where there is none
 *   HIGHMEM | MOVABLE           the same (zone Movable, which would be asked first, is empty)
 *   DMA | MOVABLE, DMA32 | MOVABLE   as without MOVABLE
 *   two of DMA, DMA32, HIGHMEM  no zone
 * </pre>
 */
final class GfpZones {
  private static final int NO_ZONE = -1;

  private final int[] highestZone = new int[Gfp.ZONE_MASK + 1];

  GfpZones(Architecture architecture) {
    int normal = indexOf(architecture, ZoneType.NORMAL, NO_ZONE);
    Arrays.fill(highestZone, NO_ZONE);
    set(0, normal);
    set(Gfp.DMA, indexOf(architecture, ZoneType.DMA, normal));
    set(Gfp.DMA32, indexOf(architecture, ZoneType.DMA32, normal));
    set(Gfp.HIGHMEM, indexOf(architecture, ZoneType.HIGHMEM, normal));
  }

  private void set(int modifiers, int zone) {
    highestZone[modifiers] = zone;
    highestZone[modifiers | Gfp.MOVABLE] = zone;
  }

  private static int indexOf(Architecture architecture, ZoneType type, int otherwise) {
    for (int i = 0; i < architecture.zones().size(); i++) {
      if (architecture.zones().get(i).type() == type) {
        return i;
      }
    }
    return otherwise;
  }

  /** {@code gfp_zone}: index of the highest zone that may be used. */
  int highestZone(int gfpFlags) {
    int zone = highestZone[gfpFlags & Gfp.ZONE_MASK];
    if (zone == NO_ZONE) {
      throw new IllegalArgumentException(
          "GFP flags 0x%x ask for two zones at once".formatted(gfpFlags));
    }
    return zone;
  }
}
