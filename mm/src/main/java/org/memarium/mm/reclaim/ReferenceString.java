package org.memarium.mm.reclaim;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** A recorded order of uses, and how far a run has come in it. */
final class ReferenceString {
  /** Of a page that will not be used again, or was never seen. */
  static final int NEVER = Integer.MAX_VALUE;

  private static final int MAX_NUMBER_BITS = 31;

  private final Map<Long, Integer> numbers;

  /** By number of a page: where its uses begin in {@link #uses}; one more at the end. */
  private final int[] begins;

  /** Positions in the string, sorted by page and position. */
  private final int[] uses;

  /** By number of a page: its next use. */
  private final int[] cursors;

  /**
   * A string of pages, for tests and whoever has one in memory.
   *
   * @param names the pages' {@linkplain PageIdentity names} in the order of their use
   */
  ReferenceString(long... names) {
    numbers = new HashMap<>();
    int[] string = new int[names.length];
    for (int i = 0; i < names.length; i++) {
      string[i] = numbers.computeIfAbsent(names[i], name -> numbers.size());
    }
    begins = new int[numbers.size() + 1];
    uses = sorted(string, string.length, begins);
    cursors = Arrays.copyOf(begins, begins.length);
  }

  private ReferenceString(Map<Long, Integer> numbers, int[] string, int length) {
    this.numbers = numbers;
    begins = new int[numbers.size() + 1];
    uses = sorted(string, length, begins);
    cursors = Arrays.copyOf(begins, begins.length);
  }

  private ReferenceString(ReferenceString other) {
    numbers = other.numbers;
    begins = other.begins;
    uses = other.uses;
    cursors = Arrays.copyOf(begins, begins.length);
  }

  /** The same string for another run, which has not used any page yet. */
  ReferenceString fromItsBeginning() {
    return new ReferenceString(this);
  }

  /** Sorts positions by what stands there, and says where each begins. */
  private static int[] sorted(int[] string, int length, int[] begins) {
    for (int i = 0; i < length; i++) {
      begins[string[i] + 1]++;
    }
    for (int i = 1; i < begins.length; i++) {
      begins[i] += begins[i - 1];
    }
    int[] places = Arrays.copyOf(begins, begins.length);
    int[] sorted = new int[length];
    for (int i = 0; i < length; i++) {
      sorted[places[string[i]]++] = i;
    }
    return sorted;
  }

  /**
   * Reads a recording.
   *
   * @throws IOException if it cannot be read, or is none
   */
  static ReferenceString read(Path file) throws IOException {
    try (DataInputStream in =
        new DataInputStream(
            new BufferedInputStream(new GZIPInputStream(Files.newInputStream(file), 1 << 16)))) {
      if (in.readLong() != ReferenceRecorder.MAGIC || in.readInt() != ReferenceRecorder.VERSION) {
        throw new IOException("it is no recording of pages");
      }
      Map<Long, Integer> numbers = new HashMap<>();
      int[] string = new int[1 << 12];
      int length = 0;
      for (int number = readNumber(in); number != 0; number = readNumber(in)) {
        if (number > numbers.size() + 1) {
          throw new IOException("page %d is used before it has a name".formatted(number));
        }
        if (number == numbers.size() + 1) {
          numbers.put(in.readLong(), number - 1);
        }
        if (length == string.length) {
          string = Arrays.copyOf(string, 2 * length);
        }
        string[length++] = number - 1;
      }
      return new ReferenceString(numbers, string, length);
    } catch (EOFException cut) {
      throw new IOException("it ends before its end: the run that made it did not", cut);
    }
  }

  private static int readNumber(DataInputStream in) throws IOException {
    int number = 0;
    for (int shift = 0; shift < MAX_NUMBER_BITS; shift += 7) {
      int part = in.readUnsignedByte();
      number |= (part & 0x7f) << shift;
      if (part < 0x80) {
        return number;
      }
    }
    throw new IOException("a page's number has too many digits");
  }

  /** The number of a page; -1 if it is never used. */
  int number(long name) {
    Integer number = numbers.get(name);
    return number == null ? -1 : number;
  }

  /** The run uses a page: its next use is the one after. */
  void use(int number) {
    if (cursors[number] < begins[number + 1]) {
      cursors[number]++;
    }
  }

  /** Position of a page's next use. */
  int nextUse(int number) {
    int cursor = cursors[number];
    return cursor < begins[number + 1] ? uses[cursor] : NEVER;
  }
}
