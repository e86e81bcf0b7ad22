package org.memarium.mm.frame;

/** Frame numbers in a row that grows at both ends: a ring in an array. */
final class PfnDeque {
  private int[] ring = new int[16];
  private int first;
  private int size;

  boolean isEmpty() {
    return size == 0;
  }

  int size() {
    return size;
  }

  /** The element at {@code index} from the front. */
  int get(int index) {
    return ring[(first + index) & (ring.length - 1)];
  }

  void addFirst(int pfn) {
    if (size == ring.length) {
      grow();
    }
    first = (first - 1) & (ring.length - 1);
    ring[first] = pfn;
    size++;
  }

  void addLast(int pfn) {
    if (size == ring.length) {
      grow();
    }
    ring[(first + size) & (ring.length - 1)] = pfn;
    size++;
  }

  /** Takes the element at the front; there must be one. */
  int removeFirst() {
    int pfn = ring[first];
    first = (first + 1) & (ring.length - 1);
    size--;
    return pfn;
  }

  /** Takes the element at the end; there must be one. */
  int removeLast() {
    size--;
    return ring[(first + size) & (ring.length - 1)];
  }

  private void grow() {
    int[] larger = new int[ring.length * 2];
    for (int i = 0; i < size; i++) {
      larger[i] = get(i);
    }
    ring = larger;
    first = 0;
  }
}
