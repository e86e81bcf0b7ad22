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
 *   HIGHMEM | MOVABLE           Movable
 *   DMA | MOVABLE, DMA32 | MOVABLE   as without MOVABLE
 *   two of DMA, DMA32, HIGHMEM  no zone
 *   MOVABLE | RECLAIMABLE       no migrate type
 * </pre>
 */
final class GfpZones {
  private static final int NO_ZONE = -1;
  private static final int MASK = Gfp.ZONE_MASK | Gfp.RECLAIMABLE;

  private final int[] highestZone = new int[MASK + 1];

  GfpZones(Architecture architecture) {
    int normal = indexOf(architecture, ZoneType.NORMAL, NO_ZONE);
    Arrays.fill(highestZone, NO_ZONE);
    set(0, normal);
    set(Gfp.DMA, indexOf(architecture, ZoneType.DMA, normal));
    set(Gfp.DMA32, indexOf(architecture, ZoneType.DMA32, normal));
    set(Gfp.HIGHMEM, indexOf(architecture, ZoneType.HIGHMEM, normal));
    highestZone[Gfp.HIGHMEM | Gfp.MOVABLE] = indexOf(architecture, ZoneType.MOVABLE, normal);
  }

  private void set(int modifiers, int zone) {
    highestZone[modifiers] = zone;
    highestZone[modifiers | Gfp.MOVABLE] = zone;
    highestZone[modifiers | Gfp.RECLAIMABLE] = zone;
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
    int zone = highestZone[gfpFlags & MASK];
    if (zone == NO_ZONE) {
      throw refusal(gfpFlags);
    }
    return zone;
  }

  private static IllegalArgumentException refusal(int gfpFlags) {
    int both = Gfp.MOVABLE | Gfp.RECLAIMABLE;
    return new IllegalArgumentException(
        "GFP flags 0x%x ask for two %s at once"
            .formatted(gfpFlags, (gfpFlags & both) == both ? "migrate types" : "zones"));
  }
}
