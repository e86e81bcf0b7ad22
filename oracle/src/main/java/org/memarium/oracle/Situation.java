package org.memarium.oracle;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/**
 * What choices are made from: a source of random numbers, and how our side's processes are. It
 * takes the steps that were chosen.
 */
final class Situation {
  static final int PAGE = 4096;

  /** Strings and small structures for calls. */
  static final int NAMES = AgentProgram.SCRATCH;

  /** Vectors, limits, descriptors. */
  static final int STRUCTURES = AgentProgram.SCRATCH + 0x1000;

  /** Where results go. */
  static final int BUFFER = AgentProgram.SCRATCH + 0x2000;

  private static final int[] BAD_POINTERS = {0, 1, 0xfff, -1, -4, -16, 0xffff_e000, 0xffff_dff8};

  private final SplittableRandom random;
  private final Places places;
  private final OurSide ours;
  private final Deque<Step> waiting = new ArrayDeque<>();
  private int current;

  Situation(long seed, OurSide ours) {
    random = new SplittableRandom(seed);
    places = new Places(random);
    this.ours = ours;
  }

  // ---- Numbers ----

  /** From 0 up to a bound. */
  int below(int bound) {
    return random.nextInt(bound);
  }

  /** From one bound up to another. */
  int between(int from, int bound) {
    return random.nextInt(from, bound);
  }

  /** Any at all. */
  int anything() {
    return random.nextInt();
  }

  /** One of some, each as often as it is there. */
  int pick(int... values) {
    return values[random.nextInt(values.length)];
  }

  boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  // ---- Processes ----

  /** The slot of the process that steps are chosen for. */
  int current() {
    return current;
  }

  /** Goes on with some process. */
  void changeProcess() {
    do {
      current = random.nextInt(Mailbox.SLOTS);
    } while (!ours.isAlive(current));
  }

  boolean isAlive(int slot) {
    return ours.isAlive(slot);
  }

  /** The slot of some process, seldom of one that is not there, or none. */
  int process() {
    if (oneIn(20)) {
      return pick(-1, Integer.MAX_VALUE);
    }
    int slot;
    do {
      slot = random.nextInt(Mailbox.SLOTS);
    } while (!ours.isAlive(slot) && !oneIn(30));
    return slot;
  }

  /** The descriptor that the next file gets, if the steps before it are done. */
  int nextDescriptor() {
    return ours.lowestFreeDescriptor(current);
  }

  // ---- Addresses ----

  MmStruct mm() {
    return ours.mm(current);
  }

  Places places() {
    return places;
  }

  /** Some area; null: there is none. */
  @Nullable Vma area() {
    return places.area(mm());
  }

  long address() {
    return places.address(mm());
  }

  int length(long at) {
    return places.length(mm(), at);
  }

  /** Where something is read or written by an access. */
  int accessed() {
    long at = oneIn(4) ? address() : places.inArea(mm());
    return (int) (at & -PAGE) + pick(0, 0, 0, 4, 100, 4092, 4094, 4095);
  }

  int descriptor() {
    return oneIn(12) ? pick(-1, 100) : random.nextInt(3, 8);
  }

  /** Where a call reads or writes bytes. */
  int buffer() {
    return oneIn(3) ? (int) address() : pick(BUFFER, NAMES);
  }

  /**
   * Where a structure for a call is: as a rule at a good place, else somewhere, where memory ends
   * in the midst of it, or nowhere.
   */
  int pointer(int good, int bytes) {
    return switch (random.nextInt(12)) {
      case 0 -> pick(BAD_POINTERS);
      case 1 -> accessed();
      case 2 -> (int) (address() & -PAGE) - random.nextInt(1, bytes);
      default -> good;
    };
  }

  // ---- Steps ----

  /** The next step that was chosen; null: choose. */
  @Nullable Step next() {
    return waiting.poll();
  }

  void add(MemoryCall call, int... arguments) {
    add(current, call, arguments);
  }

  /** A step of another process. */
  void add(int slot, MemoryCall call, int... arguments) {
    waiting.add(new Step(slot, call, arguments));
  }

  /** Puts words where a call will read them. */
  void write(int at, int... words) {
    for (int i = 0; i < words.length; i++) {
      add(MemoryCall.WRITE_INT, at + 4 * i, words[i]);
    }
  }

  /** Puts a short text and a NUL there. */
  void write(int at, String text) {
    for (int i = 0; i <= text.length(); i += 4) {
      int word = 0;
      for (int j = Math.min(text.length(), i + 4) - 1; j >= i; j--) {
        word = word << 8 | text.charAt(j);
      }
      add(MemoryCall.WRITE_INT, at + i, word);
    }
  }

  /** Reads a word of what a call has written, so that it is compared before it is overwritten. */
  void lookAt(int start, int bytes) {
    add(MemoryCall.READ_INT, start + (random.nextInt(bytes) & -4));
  }
}
