package org.memarium.hardware;

import org.jspecify.annotations.Nullable;

/**
 * A second page walk, written down from the figures of Intel SDM vol. 3A, 4.3 to 4.7, one method a
 * format and one step a level, without anything that {@link PageWalker} or {@link PageTableFormat}
 * know. CR0.WP, CR4.PSE and CR4.PGE are set, CR4.SMEP, CR4.SMAP and CR4.PKE are not; no PSE-36.
 */
final class PlainWalker {
  /** A translation of the 4 KiB page around a linear address. */
  record Translation(
      long physicalPage,
      boolean writable,
      boolean user,
      boolean noExecute,
      boolean global,
      boolean dirty,
      long pageBytes) {
    boolean allows(Access access) {
      return (!access.user || user) && (!access.write || writable) && (!access.fetch || !noExecute);
    }
  }

  /** What kind of access. */
  record Access(boolean write, boolean user, boolean fetch) {}

  private final Ram ram;
  private final boolean nxe;

  /** The error code of the last walk that returned null. */
  int errorCode;

  // The rights collected on the way down.
  private boolean writable;
  private boolean user;
  private boolean noExecute;

  PlainWalker(Ram ram, boolean nxe) {
    this.ram = ram;
    this.nxe = nxe;
  }

  /** Walks and marks; null for a page fault. */
  @Nullable Translation walk(PageTableFormat format, long cr3, long linear, Access access) {
    writable = true;
    user = true;
    noExecute = false;
    return switch (format) {
      case TWO_LEVEL -> twoLevel(cr3, linear, access);
      case PAE -> pae(cr3, linear, access);
      case FOUR_LEVEL -> fourLevel(cr3, linear, access);
    };
  }

  // SDM 4.3: figures 4-2 to 4-4.
  private @Nullable Translation twoLevel(long cr3, long linear, Access access) {
    long pdeAt = cr3 + 4 * (linear / 0x40_0000);
    long pde = entry4(pdeAt);
    if (bit(pde, 0) == 0) {
      return fault(access, false, false, false);
    }
    if (bit(pde, 7) == 1) {
      if (bits(pde, 21, 13) != 0) {
        return fault(access, true, true, false);
      }
      collect(pde, false);
      long base = bits(pde, 31, 22) * 0x40_0000;
      return page(pdeAt, pde, 4, base + linear % 0x40_0000, 0x40_0000, access, false);
    }
    collect(pde, false);
    markAccessed(pdeAt, pde, 4);
    long pteAt = bits(pde, 31, 12) * 0x1000 + 4 * (linear / 0x1000 % 1024);
    long pte = entry4(pteAt);
    if (bit(pte, 0) == 0) {
      return fault(access, false, false, false);
    }
    collect(pte, false);
    long base = bits(pte, 31, 12) * 0x1000;
    return page(pteAt, pte, 4, base + linear % 0x1000, 0x1000, access, false);
  }

  // SDM 4.4: figures 4-5 to 4-7; MAXPHYADDR is 36.
  private @Nullable Translation pae(long cr3, long linear, Access access) {
    long pdpteAt = cr3 + 8 * (linear / 0x4000_0000);
    long pdpte = entry8(pdpteAt);
    if (bit(pdpte, 0) == 0) {
      return fault(access, false, false, nxe);
    }
    if (bits(pdpte, 2, 1) != 0 || bits(pdpte, 8, 5) != 0 || bits(pdpte, 63, 36) != 0) {
      return fault(access, true, true, nxe);
    }
    long pdeAt = bits(pdpte, 35, 12) * 0x1000 + 8 * (linear / 0x20_0000 % 512);
    long pde = entry8(pdeAt);
    if (bit(pde, 0) == 0) {
      return fault(access, false, false, nxe);
    }
    boolean large = bit(pde, 7) == 1;
    if (bits(pde, 62, 36) != 0
        || (!nxe && bit(pde, 63) == 1)
        || (large && bits(pde, 20, 13) != 0)) {
      return fault(access, true, true, nxe);
    }
    collect(pde, nxe);
    if (large) {
      long base = bits(pde, 35, 21) * 0x20_0000;
      return page(pdeAt, pde, 8, base + linear % 0x20_0000, 0x20_0000, access, nxe);
    }
    markAccessed(pdeAt, pde, 8);
    long pteAt = bits(pde, 35, 12) * 0x1000 + 8 * (linear / 0x1000 % 512);
    long pte = entry8(pteAt);
    if (bit(pte, 0) == 0) {
      return fault(access, false, false, nxe);
    }
    if (bits(pte, 62, 36) != 0 || (!nxe && bit(pte, 63) == 1)) {
      return fault(access, true, true, nxe);
    }
    collect(pte, nxe);
    long base = bits(pte, 35, 12) * 0x1000;
    return page(pteAt, pte, 8, base + linear % 0x1000, 0x1000, access, nxe);
  }

  // SDM 4.5: figures 4-8 to 4-11; MAXPHYADDR is 46.
  private @Nullable Translation fourLevel(long cr3, long linear, Access access) {
    long pml4eAt = cr3 + 8 * bits(linear, 47, 39);
    long pml4e = entry8(pml4eAt);
    if (bit(pml4e, 0) == 0) {
      return fault(access, false, false, nxe);
    }
    if (bits(pml4e, 51, 46) != 0 || bit(pml4e, 7) == 1 || (!nxe && bit(pml4e, 63) == 1)) {
      return fault(access, true, true, nxe);
    }
    collect(pml4e, nxe);
    markAccessed(pml4eAt, pml4e, 8);

    long pdpteAt = bits(pml4e, 45, 12) * 0x1000 + 8 * bits(linear, 38, 30);
    long pdpte = entry8(pdpteAt);
    if (bit(pdpte, 0) == 0) {
      return fault(access, false, false, nxe);
    }
    boolean giant = bit(pdpte, 7) == 1;
    if (bits(pdpte, 51, 46) != 0
        || (!nxe && bit(pdpte, 63) == 1)
        || (giant && bits(pdpte, 29, 13) != 0)) {
      return fault(access, true, true, nxe);
    }
    collect(pdpte, nxe);
    if (giant) {
      long base = bits(pdpte, 45, 30) * 0x4000_0000;
      return page(pdpteAt, pdpte, 8, base + bits(linear, 29, 0), 0x4000_0000, access, nxe);
    }
    markAccessed(pdpteAt, pdpte, 8);

    long pdeAt = bits(pdpte, 45, 12) * 0x1000 + 8 * bits(linear, 29, 21);
    long pde = entry8(pdeAt);
    if (bit(pde, 0) == 0) {
      return fault(access, false, false, nxe);
    }
    boolean large = bit(pde, 7) == 1;
    if (bits(pde, 51, 46) != 0
        || (!nxe && bit(pde, 63) == 1)
        || (large && bits(pde, 20, 13) != 0)) {
      return fault(access, true, true, nxe);
    }
    collect(pde, nxe);
    if (large) {
      long base = bits(pde, 45, 21) * 0x20_0000;
      return page(pdeAt, pde, 8, base + bits(linear, 20, 0), 0x20_0000, access, nxe);
    }
    markAccessed(pdeAt, pde, 8);

    long pteAt = bits(pde, 45, 12) * 0x1000 + 8 * bits(linear, 20, 12);
    long pte = entry8(pteAt);
    if (bit(pte, 0) == 0) {
      return fault(access, false, false, nxe);
    }
    if (bits(pte, 51, 46) != 0 || (!nxe && bit(pte, 63) == 1)) {
      return fault(access, true, true, nxe);
    }
    collect(pte, nxe);
    long base = bits(pte, 45, 12) * 0x1000;
    return page(pteAt, pte, 8, base + bits(linear, 11, 0), 0x1000, access, nxe);
  }

  private @Nullable Translation page(
      long entryAt,
      long entry,
      int entryBytes,
      long physical,
      long pageBytes,
      Access access,
      boolean nx) {
    if ((access.user && !user) || (access.write && !writable) || (access.fetch && noExecute)) {
      return fault(access, true, false, nx);
    }
    long physicalPage = physical / 0x1000 * 0x1000;
    if (physicalPage >= ram.bytes()) {
      return fault(access, true, true, nx);
    }
    long marked = entry | 1 << 5 | (access.write ? 1 << 6 : 0);
    put(entryAt, marked, entryBytes);
    return new Translation(
        physicalPage,
        writable,
        user,
        noExecute,
        bit(entry, 8) == 1,
        bit(marked, 6) == 1,
        pageBytes);
  }

  private void collect(long entry, boolean nx) {
    writable = writable && bit(entry, 1) == 1;
    user = user && bit(entry, 2) == 1;
    noExecute = noExecute || (nx && bit(entry, 63) == 1);
  }

  private void markAccessed(long entryAt, long entry, int entryBytes) {
    put(entryAt, entry | 1 << 5, entryBytes);
  }

  // SDM 4.7, figure 4-12.
  private @Nullable Translation fault(
      Access access, boolean present, boolean reserved, boolean nx) {
    errorCode =
        (present ? 1 : 0)
            + (access.write ? 2 : 0)
            + (access.user ? 4 : 0)
            + (reserved ? 8 : 0)
            + (access.fetch && nx ? 16 : 0);
    return null;
  }

  private long entry4(long at) {
    return at + 4 > ram.bytes() ? 0xffff_ffffL : ram.getInt(at) & 0xffff_ffffL;
  }

  private long entry8(long at) {
    return at + 8 > ram.bytes() ? -1 : ram.getLong(at);
  }

  private void put(long at, long entry, int entryBytes) {
    if (entryBytes == 4) {
      ram.putInt(at, (int) entry);
    } else {
      ram.putLong(at, entry);
    }
  }

  private static long bit(long value, int bit) {
    return value >>> bit & 1;
  }

  private static long bits(long value, int high, int low) {
    return value >>> low & ((1L << (high - low + 1)) - 1);
  }
}
