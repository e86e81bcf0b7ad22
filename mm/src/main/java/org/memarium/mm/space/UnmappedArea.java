package org.memarium.mm.space;

import static org.memarium.mm.space.MmapFlags.MAP_FIXED;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/**
 * Where a new mapping goes (Linux {@code get_unmapped_area}).
 *
 * <p>A free hint is taken as it is; otherwise it is the highest place below the mmap base, and
 * should there be none, the lowest above a third of the address space. In the legacy layout it is
 * the lowest in the first place.
 */
public final class UnmappedArea {
  private final MmStruct mm;
  private final VmaTree tree;
  private boolean legacyLayout;
  private long mmapBase;

  /** {@code align_mask} of the search at hand: bits of an address that must be zero. */
  private long alignMask;

  UnmappedArea(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
    pickLayout(false, null);
  }

  void copyFrom(UnmappedArea parent) {
    legacyLayout = parent.legacyLayout;
    mmapBase = parent.mmapBase;
  }

  /**
   * {@code arch_pick_mmap_layout}: decides where mappings go.
   *
   * @param legacy {@code ADDR_COMPAT_LAYOUT}: search upwards
   * @param random null: no randomisation
   */
  public void pickLayout(boolean legacy, @Nullable RandomGenerator random) {
    legacyLayout = legacy;
    mmapBase =
        legacy
            ? mm.placement().mmapLegacyBase(random)
            : mm.placement().mmapBase(mm.limits().soft(RLimits.STACK), random);
  }

  /** {@code mmap_base}. */
  public long mmapBase() {
    return mmapBase;
  }

  /** {@code round_hint_to_min}: a hint that is too low becomes the lowest that is not. */
  long roundHintToMin(long hint) {
    long address = hint & -(long) Ram.PAGE_SIZE;
    if (address != 0 && address < mm.mmapMinAddress()) {
      return MmStruct.pageAlign(mm.mmapMinAddress());
    }
    return address;
  }

  /**
   * {@code get_unmapped_area}.
   *
   * @param address a hint, or with MAP_FIXED the place
   * @param bytes a multiple of the page size, not 0
   * @return the address, or -ENOMEM, -EINVAL, -EPERM
   */
  long get(long address, long bytes, int mapFlags) {
    return get(address, bytes, mapFlags, Ram.PAGE_SIZE);
  }

  /**
   * {@code hugetlb_get_unmapped_area}: the same for pages of a size.
   *
   * @return the address, a multiple of {@code pageBytes}; or as above
   */
  long get(long requestedAddress, long bytes, int mapFlags, long pageBytes) {
    long taskSize = mm.taskSize();
    if (bytes > taskSize) {
      return -Errno.ENOMEM;
    }
    long address = requestedAddress;
    long inPage = pageBytes - 1;
    if (pageBytes > Ram.PAGE_SIZE) {
      boolean fixed = (mapFlags & MAP_FIXED) != 0;
      if ((bytes & inPage) != 0 || (fixed && (address & inPage) != 0)) {
        return -Errno.EINVAL;
      }
      address = (mm.layout().roundsHugeHintsUp() ? address + inPage : address) & ~inPage;
    }
    alignMask = inPage & -Ram.PAGE_SIZE;
    long found;
    if ((mapFlags & MAP_FIXED) != 0) {
      if (!fitsGenerically(bytes)) {
        return -Errno.ENOMEM;
      }
      found = address;
    } else {
      found = legacyLayout ? bottomUp(address, bytes) : topDown(address, bytes);
    }
    if (found < 0) {
      return found;
    }
    if (found > taskSize - bytes) {
      return -Errno.ENOMEM;
    }
    if ((found & (Ram.PAGE_SIZE - 1)) != 0) {
      return -Errno.EINVAL;
    }
    // security_mmap_addr
    return found < mm.mmapMinAddress() && !mm.isPrivileged() ? -Errno.EPERM : found;
  }

  /** The generic search wants what lies above {@code mmap_min_addr} to be large enough. */
  private boolean fitsGenerically(long bytes) {
    return !mm.layout().searchesGenerically() || bytes <= mm.taskSize() - mm.mmapMinAddress();
  }

  private long topDown(long hint, long bytes) {
    if (!fitsGenerically(bytes)) {
      return -Errno.ENOMEM;
    }
    if (hint != 0) {
      boolean generic = mm.layout().searchesGenerically();
      long address = generic ? MmStruct.pageAlign(hint) : hint & -(long) Ram.PAGE_SIZE;
      if (isFree(address, bytes) && (!generic || address >= mm.mmapMinAddress())) {
        return address;
      }
    }
    long low = Math.max(Ram.PAGE_SIZE, mm.mmapMinAddress());
    long found = highest(low, mmapBase, bytes);
    return found >= 0 ? found : bottomUp(hint, bytes, mm.placement().unmappedBase());
  }

  private long bottomUp(long hint, long bytes) {
    return bottomUp(hint, bytes, mmapBase);
  }

  private long bottomUp(long hint, long bytes, long from) {
    if (!fitsGenerically(bytes)) {
      return -Errno.ENOMEM;
    }
    if (hint != 0) {
      long address = MmStruct.pageAlign(hint);
      if (isFree(address, bytes)
          && (!mm.layout().searchesGenerically() || address >= mm.mmapMinAddress())) {
        return address;
      }
    }
    long low = Math.max(from, mm.mmapMinAddress());
    long found = lowest(low, mm.taskSize(), bytes);
    return found >= 0 ? found : -Errno.ENOMEM;
  }

  /**
   * {@code unmapped_area_topdown}: the highest place. One that reaches into the guard gap of the
   * area above is given up together with everything down to where that gap begins, whatever is free
   * there.
   *
   * @return -1 if there is none
   */
  private long highest(long low, long high, long bytes) {
    long length = bytes + alignMask;
    long limit = high;
    while (true) {
      long found = tree.highestGap(low, limit, length);
      Vma above = found < 0 ? null : tree.find(found);
      if (above == null || above.startGap() >= found + length) {
        return found < 0 ? found : (found + alignMask) & ~alignMask;
      }
      limit = above.startGap();
    }
  }

  /**
   * {@code unmapped_area}: the lowest place. After one that reaches into the guard gap of the area
   * above, the search goes on behind that area.
   *
   * @return -1 if there is none
   */
  private long lowest(long low, long high, long bytes) {
    long length = bytes + alignMask;
    long limit = low;
    while (true) {
      long found = tree.lowestGap(limit, high, length);
      long aligned = (found + alignMask) & ~alignMask;
      Vma above = found < 0 ? null : tree.find(found);
      if (above == null || above.startGap() >= aligned + length - 1) {
        return found < 0 ? found : aligned;
      }
      limit = above.end;
    }
  }

  /** Whether nothing lies there, the guard gap of a stack above included. */
  private boolean isFree(long address, long bytes) {
    if (address > mm.taskSize() - bytes) {
      return false;
    }
    Vma above = tree.find(address);
    return above == null || address + bytes <= above.startGap();
  }
}
