package org.memarium.mm.space;

import static org.memarium.mm.space.MmapFlags.MAP_ANONYMOUS;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED_NOREPLACE;
import static org.memarium.mm.space.MmapFlags.MAP_SHARED;
import static org.memarium.mm.space.MmapFlags.MAP_TYPE;
import static org.memarium.mm.space.MmapFlags.PROT_READ;
import static org.memarium.mm.space.MmapFlags.PROT_WRITE;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.memarium.mm.Errno;

/**
 * An address space that is nothing but one array entry a page: what mmap, munmap, mprotect and brk
 * must come to, without areas, trees or page tables.
 */
final class SpaceModel {
  static final int PAGE = 4096;
  static final int FREE = 0;
  static final int MAPPED = 1 << 31;

  /** Charged to committed memory; two areas of which only one is do not merge. */
  static final int ACCOUNTED = 1 << 8;

  static final int SHARED = 1 << 9;
  static final int FILE = 1 << 10;

  /** Where the number of a shared anonymous mapping begins. */
  static final int NUMBER_SHIFT = 12;

  private final int taskPages;
  private final int mmapBasePage;
  private final int minPage;

  /** MAPPED, rights, ACCOUNTED, SHARED, FILE, number; FREE. */
  final int[] state;

  /** For pages of the file: which. */
  final int[] filePage;

  long asLimitPages = Long.MAX_VALUE;
  long dataLimitPages = Long.MAX_VALUE;
  private int sharedMappings;
  private long total;
  private long data;
  private final long startBrk;
  long brk;

  SpaceModel(Layout layout, long mmapBase, long mmapMinAddress, long startBrk) {
    taskPages = page(layout.taskSize());
    mmapBasePage = page(mmapBase);
    minPage = page(mmapMinAddress);
    state = new int[taskPages];
    filePage = new int[taskPages];
    this.startBrk = startBrk;
    brk = startBrk;
  }

  private static int page(long address) {
    return (int) (address / PAGE);
  }

  private static int pages(long bytes) {
    return (int) ((bytes + PAGE - 1) / PAGE);
  }

  boolean isFree(int from, int count) {
    for (int i = from; i < from + count; i++) {
      if (state[i] != FREE) {
        return false;
      }
    }
    return true;
  }

  /** How many pages are mapped. */
  long total() {
    return total;
  }

  // ---- Limits ----

  private long mapped(int from, int count) {
    return Arrays.stream(state, from, from + count).filter(page -> page != FREE).count();
  }

  private static boolean isData(int page) {
    return (page & PROT_WRITE) != 0 && (page & SHARED) == 0;
  }

  private boolean mayExpand(int page, long more) {
    return total + more <= asLimitPages && (!isData(page) || data + more <= dataLimitPages);
  }

  /** Every change of a page goes through here, so that the sums are right. */
  private void set(int first, int end, int page) {
    for (int i = first; i < end; i++) {
      total += (page != FREE ? 1 : 0) - (state[i] != FREE ? 1 : 0);
      data += (isData(page) ? 1 : 0) - (isData(state[i]) ? 1 : 0);
      state[i] = page;
    }
  }

  // ---- Calls ----

  long mmap(long hint, long bytes, int prot, int flags, int firstFilePage) {
    if (bytes == 0) {
      return -Errno.EINVAL;
    }
    int count = pages(bytes);
    boolean noReplace = (flags & MAP_FIXED_NOREPLACE) != 0;
    long address;
    if (count > taskPages - minPage) {
      return -Errno.ENOMEM;
    }
    if ((flags & MAP_FIXED) != 0 || noReplace) {
      if (hint > (long) (taskPages - count) * PAGE) {
        return -Errno.ENOMEM;
      }
      if (hint % PAGE != 0) {
        return -Errno.EINVAL;
      }
      if (hint / PAGE < minPage) {
        return -Errno.EPERM;
      }
      address = hint;
    } else {
      int found = place(hint, count);
      if (found < 0) {
        return -Errno.ENOMEM;
      }
      address = (long) found * PAGE;
    }
    int from = page(address);
    if (noReplace && !isFree(from, count)) {
      return -Errno.EEXIST;
    }
    boolean shared = (flags & MAP_TYPE) == MAP_SHARED;
    boolean file = (flags & MAP_ANONYMOUS) == 0;
    int page = MAPPED | prot | (shared ? SHARED : 0) | (file ? FILE : 0);
    if (!mayExpand(page, count - mapped(from, count))) {
      return -Errno.ENOMEM;
    }
    if ((prot & PROT_WRITE) != 0 && !shared) {
      page |= ACCOUNTED;
    }
    if (shared && !file) {
      page |= ++sharedMappings << NUMBER_SHIFT;
    }
    set(from, from + count, page);
    for (int i = 0; i < count; i++) {
      filePage[from + i] = shared || file ? firstFilePage + i : from + i;
    }
    return address;
  }

  private int place(long hint, int count) {
    int wanted = hint != 0 && hint / PAGE < minPage ? minPage : page(hint);
    if (wanted != 0 && wanted + count <= taskPages && isFree(wanted, count)) {
      return wanted;
    }
    int free = 0;
    for (int at = mmapBasePage - 1; at >= minPage; at--) {
      free = state[at] == FREE ? free + 1 : 0;
      if (free == count) {
        return at;
      }
    }
    free = 0;
    for (int at = page(Layout.I386.placement(false).unmappedBase()); at < taskPages; at++) {
      free = state[at] == FREE ? free + 1 : 0;
      if (free == count) {
        return at - count + 1;
      }
    }
    return -1;
  }

  long munmap(long address, long bytes) {
    long size = (long) taskPages * PAGE;
    if (address % PAGE != 0 || bytes == 0 || address > size || bytes > size - address) {
      return -Errno.EINVAL;
    }
    int first = page(address);
    set(first, first + pages(bytes), FREE);
    return 0;
  }

  long mprotect(long address, long bytes, int prot) {
    if (address % PAGE != 0) {
      return -Errno.EINVAL;
    }
    int end = page(address) + pages(bytes);
    for (int from = page(address); from < end; ) {
      if (state[from] == FREE) {
        return -Errno.ENOMEM;
      }
      int to = Math.min(end, endOfArea(from));
      int old = state[from];
      int changed = (old & ~7) | prot;
      boolean write = (prot & PROT_WRITE) != 0;
      if (changed != old) {
        if (write && !mayExpand(changed, to - from) && mayExpand(old, to - from)) {
          return -Errno.ENOMEM;
        }
        if (write && (old & (PROT_WRITE | SHARED)) == 0) {
          changed |= ACCOUNTED;
        }
        set(from, to, changed);
      }
      from = to;
    }
    return 0;
  }

  long brk(long newBrk) {
    int oldEnd = pages(brk);
    int newEnd = pages(newBrk);
    boolean limited = dataLimitPages != Long.MAX_VALUE && newBrk - startBrk > dataLimitPages * PAGE;
    if (newBrk < startBrk || limited) {
      return brk;
    }
    if (newEnd < oldEnd) {
      if (isFree(newEnd, oldEnd - newEnd)) {
        return brk;
      }
      set(newEnd, oldEnd, FREE);
    } else if (newEnd > oldEnd) {
      int page = MAPPED | PROT_READ | PROT_WRITE | ACCOUNTED;
      if (newEnd > taskPages
          || !isFree(oldEnd, newEnd + 1 - oldEnd)
          || !mayExpand(page, newEnd - oldEnd)) {
        return brk;
      }
      set(oldEnd, newEnd, page);
      for (int i = oldEnd; i < newEnd; i++) {
        filePage[i] = i;
      }
    }
    brk = newBrk;
    return brk;
  }

  // ---- Areas ----

  /** The first page behind the longest run of pages that could be one area. */
  private int endOfArea(int from) {
    int to = from + 1;
    while (to < taskPages
        && state[to] == state[from]
        && filePage[to] - filePage[from] == to - from) {
      to++;
    }
    return to;
  }

  /** The fewest areas that can hold the pages. */
  List<String> areas() {
    List<String> areas = new ArrayList<>();
    for (int from = 0; from < taskPages; ) {
      if (state[from] == FREE) {
        from++;
        continue;
      }
      int to = endOfArea(from);
      areas.add(describe((long) from * PAGE, (long) to * PAGE, state[from], filePage[from]));
      from = to;
    }
    return areas;
  }

  static String describe(long start, long end, int page, long offset) {
    return "%08x-%08x %d%s%s %x"
        .formatted(
            start,
            end,
            page & 7,
            (page & SHARED) != 0 ? "s" : "p",
            (page & ACCOUNTED) != 0 ? "a" : "-",
            offset);
  }
}
