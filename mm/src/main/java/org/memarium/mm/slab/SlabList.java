package org.memarium.mm.slab;

import org.memarium.mm.frame.StructSlab;

/** {@code struct list_head} of slabs, linked through mem_map. */
final class SlabList {
  private final StructSlab slabs;
  private int head = StructSlab.NONE;
  private int tail = StructSlab.NONE;
  private int size;

  SlabList(StructSlab slabs) {
    this.slabs = slabs;
  }

  int first() {
    return head;
  }

  int last() {
    return tail;
  }

  int size() {
    return size;
  }

  void addHead(int slab) {
    slabs.setPrev(slab, StructSlab.NONE);
    slabs.setNext(slab, head);
    if (head == StructSlab.NONE) {
      tail = slab;
    } else {
      slabs.setPrev(head, slab);
    }
    head = slab;
    size++;
  }

  void addTail(int slab) {
    slabs.setNext(slab, StructSlab.NONE);
    slabs.setPrev(slab, tail);
    if (tail == StructSlab.NONE) {
      head = slab;
    } else {
      slabs.setNext(tail, slab);
    }
    tail = slab;
    size++;
  }

  void remove(int slab) {
    int next = slabs.next(slab);
    int prev = slabs.prev(slab);
    if (prev == StructSlab.NONE) {
      head = next;
    } else {
      slabs.setNext(prev, next);
    }
    if (next == StructSlab.NONE) {
      tail = prev;
    } else {
      slabs.setPrev(next, prev);
    }
    size--;
  }
}
