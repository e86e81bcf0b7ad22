package org.memarium.mm.reclaim;

import java.util.Arrays;
import org.memarium.hardware.PageAccessListener;
import org.memarium.mm.frame.PageList;

/**
 * The clairvoyant optimum (Belady 1966, MIN): the page goes whose next use is farthest away. It
 * knows that from a recording of the same run ({@link ReferenceRecorder}), and is the measure for
 * all others. A page that the recording does not know goes first.
 */
final class Optimum extends OwnChoice implements PageAccessListener {
  /** In {@link #places}: unknown. */
  private static final int ABSENT = -1;

  /** In {@link #places}: a candidate that has not been freed, and stands in no heap meanwhile. */
  private static final int PASSED = -2;

  private final PageIdentity identity;
  private final ReferenceString future;

  /** One heap for each group: the page that is needed last on top. */
  private final int[][] heaps = new int[PageOrder.GROUPS][];

  private final int[] sizes = new int[PageOrder.GROUPS];

  // ---- By frame ----
  private final int[] places;
  private final int[] nextUses;
  private final byte[] groups;

  /** Candidates of the choosing that goes on; they stand in no heap. */
  private final PageList passed = new PageList();

  private int group;

  Optimum(PolicyParts parts, ReferenceString future) {
    super(parts);
    this.identity = parts.identity();
    this.future = future;
    places = new int[memMap.frames()];
    nextUses = new int[memMap.frames()];
    groups = new byte[memMap.frames()];
    Arrays.fill(places, ABSENT);
  }

  @Override
  public String name() {
    return "optimum";
  }

  // ---- What is told ----

  @Override
  public PageAccessListener accessListener() {
    return this;
  }

  @Override
  public void accessed(int pfn, boolean fetch) {
    long name = identity.noteUse(pfn);
    int number = name == PageIdentity.NONE ? -1 : future.number(name);
    if (number >= 0) {
      future.use(number);
      if (knows(pfn)) {
        setNextUse(pfn, future.nextUse(number));
      }
    }
  }

  @Override
  public void accessed(int pfn) {
    accessed(pfn, false);
  }

  @Override
  public void added(int pfn) {
    removed(pfn);
    int in = memMap.group(pfn);
    groups[pfn] = (byte) in;
    int number = future.number(identity.of(pfn));
    nextUses[pfn] = number < 0 ? ReferenceString.NEVER : future.nextUse(number);
    insert(pfn, in);
  }

  @Override
  public void removed(int pfn) {
    int place = places[pfn];
    if (place < 0) {
      places[pfn] = ABSENT;
      return;
    }
    int in = Byte.toUnsignedInt(groups[pfn]);
    int moved = heaps[in][--sizes[in]];
    places[pfn] = ABSENT;
    if (moved != pfn) {
      put(in, place, moved);
      up(in, places[moved]);
      down(in, places[moved]);
    }
  }

  // ---- Order ----

  @Override
  int known(int ofGroup) {
    return sizes[ofGroup];
  }

  @Override
  boolean knows(int pfn) {
    return places[pfn] >= 0;
  }

  @Override
  void begin(int inGroup) {
    group = inGroup;
  }

  @Override
  int candidate() {
    if (sizes[group] == 0) {
      return -1;
    }
    int pfn = heaps[group][0];
    removed(pfn);
    places[pfn] = PASSED;
    passed.add(pfn);
    return pfn;
  }

  /** Those that were not freed stand in the heap again. */
  @Override
  void end() {
    for (int i = 0; i < passed.size(); i++) {
      int pfn = passed.get(i);
      if (places[pfn] == PASSED) {
        added(pfn);
      }
    }
    passed.clear();
  }

  // ---- The heap ----

  private void insert(int pfn, int in) {
    int size = sizes[in]++;
    if (heaps[in] == null) {
      heaps[in] = new int[64];
    } else if (size == heaps[in].length) {
      heaps[in] = Arrays.copyOf(heaps[in], 2 * size);
    }
    put(in, size, pfn);
    up(in, size);
  }

  private void setNextUse(int pfn, int nextUse) {
    nextUses[pfn] = nextUse;
    int in = Byte.toUnsignedInt(groups[pfn]);
    up(in, places[pfn]);
    down(in, places[pfn]);
  }

  private void put(int in, int place, int pfn) {
    heaps[in][place] = pfn;
    places[pfn] = place;
  }

  private void up(int in, int from) {
    int place = from;
    int pfn = heaps[in][place];
    while (place > 0) {
      int above = (place - 1) / 2;
      int other = heaps[in][above];
      if (nextUses[other] >= nextUses[pfn]) {
        break;
      }
      put(in, place, other);
      place = above;
    }
    put(in, place, pfn);
  }

  private void down(int in, int from) {
    int place = from;
    int pfn = heaps[in][place];
    int size = sizes[in];
    for (int child = 2 * place + 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && nextUses[heaps[in][child + 1]] > nextUses[heaps[in][child]]) {
        child++;
      }
      int other = heaps[in][child];
      if (nextUses[other] <= nextUses[pfn]) {
        break;
      }
      put(in, place, other);
      place = child;
    }
    put(in, place, pfn);
  }
}
