package org.memarium.mm.file;

/** {@code ondemand_readahead}: the windows of Linux 6.1, on a file system without large folios. */
final class OnDemandWindows extends ReadaheadWindows {
  OnDemandWindows(PageCache cache) {
    super(cache);
  }

  @Override
  void sync(AddressSpace file, FileRa ra, long index, long wanted) {
    onDemand(file, ra, index, wanted, false);
  }

  @Override
  void async(AddressSpace file, FileRa ra, long index, long wanted) {
    onDemand(file, ra, index, wanted, true);
  }

  private void onDemand(AddressSpace file, FileRa ra, long index, long wanted, boolean marked) {
    int most = mostPages(ra, wanted);
    if (index == 0) {
      first(file, ra, index, wanted, most);
      return;
    }
    long next = ra.start + ra.size;
    if (index == next - ra.asyncSize || index == next) {
      ra.start = next;
      ra.size = ra.nextSize(most);
      ra.asyncSize = ra.size;
    } else if (marked) {
      if (!isSetBehindCached(file, ra, index, wanted, most)) {
        return;
      }
    } else {
      if (wanted > most || ra.isSequential(index)) {
        first(file, ra, index, wanted, most);
        return;
      }
      if (!isSetByContext(file, ra, index, wanted, most)) {
        read(file, index, wanted, 0);
        return;
      }
    }
    readWindowAt(file, ra, index, most);
  }

  private void first(AddressSpace file, FileRa ra, long index, long wanted, int most) {
    ra.start = index;
    ra.size = FileRa.firstSize(wanted, most);
    ra.asyncSize = (int) (ra.size > wanted ? ra.size - wanted : ra.size);
    readWindowAt(file, ra, index, most);
  }

  private void readWindowAt(AddressSpace file, FileRa ra, long index, int most) {
    if (index == ra.start && ra.size == ra.asyncSize) {
      // The page itself would be the marked one: the next window comes at once.
      int more = ra.nextSize(most);
      if (ra.size + more <= most) {
        ra.asyncSize = more;
        ra.size += more;
      } else {
        ra.size = most;
        ra.asyncSize = most >> 1;
      }
    }
    readWindow(file, ra);
  }

  @Override
  void readWindow(AddressSpace file, FileRa ra) {
    read(file, ra.start, ra.size, ra.asyncSize);
  }
}
