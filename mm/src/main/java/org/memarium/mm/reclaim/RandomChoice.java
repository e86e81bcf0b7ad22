package org.memarium.mm.reclaim;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Any page goes, all with the same probability; the same ones in every run. */
final class RandomChoice extends OwnChoice {
  private static final int ABSENT = -1;
  private static final long SEED = 0x6d656d617269756dL;

  private final SplittableRandom random = new SplittableRandom(SEED);

  /** Pages of each group, in no order. */
  private final int[][] pages = new int[PageOrder.GROUPS][];

  private final int[] sizes = new int[PageOrder.GROUPS];

  /** By frame: its place in the array of its group; and the group. */
  private final int[] places;

  private final byte[] groups;

  private int group;
  private int left;

  RandomChoice(PolicyParts parts) {
    super(parts);
    places = new int[memMap.frames()];
    groups = new byte[memMap.frames()];
    Arrays.fill(places, ABSENT);
  }

  @Override
  public String name() {
    return "random";
  }

  @Override
  public void added(int pfn) {
    removed(pfn);
    int in = memMap.group(pfn);
    int size = sizes[in];
    if (pages[in] == null) {
      pages[in] = new int[64];
    } else if (size == pages[in].length) {
      pages[in] = Arrays.copyOf(pages[in], 2 * size);
    }
    pages[in][size] = pfn;
    places[pfn] = size;
    groups[pfn] = (byte) in;
    sizes[in]++;
  }

  @Override
  public void removed(int pfn) {
    if (knows(pfn)) {
      int in = Byte.toUnsignedInt(groups[pfn]);
      swap(in, places[pfn], --sizes[in]);
      places[pfn] = ABSENT;
    }
  }

  private void swap(int in, int one, int other) {
    int[] all = pages[in];
    int pfn = all[one];
    all[one] = all[other];
    all[other] = pfn;
    places[all[one]] = one;
    places[all[other]] = other;
  }

  @Override
  int known(int ofGroup) {
    return sizes[ofGroup];
  }

  @Override
  boolean knows(int pfn) {
    return places[pfn] != ABSENT;
  }

  @Override
  void begin(int inGroup) {
    group = inGroup;
    left = sizes[inGroup];
  }

  /** One of the pages before {@code left}, which then stands behind them. */
  @Override
  int candidate() {
    left = Math.min(left, sizes[group]);
    if (left == 0) {
      return -1;
    }
    int place = random.nextInt(left--);
    int pfn = pages[group][place];
    swap(group, place, left);
    return pfn;
  }
}
