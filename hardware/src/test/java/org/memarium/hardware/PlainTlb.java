package org.memarium.hardware;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A TLB as a list of sets of ways of objects: slow and plain. */
final class PlainTlb<T> {
  /** A cached translation of one 4 KiB piece. */
  record Entry<T>(long linearPage, T translation, long pagesInPage, boolean global) {}

  private static final class Set<T> {
    final List<@Nullable Entry<T>> ways = new ArrayList<>();
    int next;
  }

  private final List<Set<T>> sets = new ArrayList<>();

  PlainTlb(int entries, int ways) {
    for (int i = 0; i < entries / ways; i++) {
      Set<T> set = new Set<>();
      for (int way = 0; way < ways; way++) {
        set.ways.add(null);
      }
      sets.add(set);
    }
  }

  @Nullable T find(long linearPage) {
    for (Entry<T> entry : set(linearPage).ways) {
      if (entry != null && entry.linearPage == linearPage) {
        return entry.translation;
      }
    }
    return null;
  }

  /** Returns the page that had to go, or -1. */
  long insert(Entry<T> entry) {
    Set<T> set = set(entry.linearPage);
    for (int way = 0; way < set.ways.size(); way++) {
      Entry<T> old = set.ways.get(way);
      if (old != null && old.linearPage == entry.linearPage) {
        set.ways.set(way, entry);
        return -1;
      }
    }
    Entry<T> victim = set.ways.set(set.next, entry);
    set.next = (set.next + 1) % set.ways.size();
    return victim == null ? -1 : victim.linearPage;
  }

  /** Drops a page, and all pieces of the large pages around it. */
  boolean remove(long linearPage) {
    boolean found = false;
    for (Set<T> set : sets) {
      for (int way = 0; way < set.ways.size(); way++) {
        Entry<T> entry = set.ways.get(way);
        if (entry != null
            && Long.divideUnsigned(entry.linearPage, entry.pagesInPage)
                == Long.divideUnsigned(linearPage, entry.pagesInPage)) {
          set.ways.set(way, null);
          found = true;
        }
      }
    }
    return found;
  }

  void flush(boolean keepGlobal) {
    for (Set<T> set : sets) {
      set.ways.replaceAll(entry -> entry != null && keepGlobal && entry.global ? entry : null);
    }
  }

  int size() {
    int size = 0;
    for (Set<T> set : sets) {
      for (Entry<T> entry : set.ways) {
        size += entry == null ? 0 : 1;
      }
    }
    return size;
  }

  private Set<T> set(long linearPage) {
    return sets.get((int) (linearPage & (sets.size() - 1)));
  }
}
