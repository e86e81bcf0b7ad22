package org.memarium.mm.reclaim;

/** Policies whose order is a line of pages, from whose end the victims come. */
abstract class OneLine extends OwnChoice {
  final PageOrder order;

  /** The next candidate. */
  private int cursor;

  private int group;

  OneLine(PolicyParts parts) {
    super(parts);
    order = new PageOrder(memMap.frames(), PageOrder.GROUPS);
  }

  @Override
  public final void added(int pfn) {
    order.remove(pfn);
    order.addFirst(pfn, memMap.group(pfn));
  }

  @Override
  public void removed(int pfn) {
    order.remove(pfn);
  }

  @Override
  final int known(int ofGroup) {
    return order.size(ofGroup);
  }

  @Override
  final boolean knows(int pfn) {
    return order.contains(pfn);
  }

  @Override
  void begin(int inGroup) {
    group = inGroup;
    cursor = order.last(inGroup);
  }

  @Override
  int candidate() {
    if (cursor >= 0 && !order.contains(cursor)) {
      // It was freed together with another page.
      cursor = order.last(group);
    }
    int pfn = cursor;
    cursor = pfn < 0 ? pfn : order.before(pfn);
    return pfn;
  }
}
