package org.memarium.cpu.witness;

import java.util.Arrays;

/** A growing piece of machine code. */
final class CodeBuffer {
  private final byte[] bytes = new byte[TestCase.MAX_CODE];
  private int size;

  void add(int value) {
    bytes[size++] = (byte) value;
  }

  void addLittleEndian(int value, int count) {
    for (int i = 0; i < count; i++) {
      add(value >> (8 * i));
    }
  }

  /** Changes a byte that was added. */
  void set(int index, int value) {
    bytes[index] = (byte) value;
  }

  int size() {
    return size;
  }

  byte[] toArray() {
    return Arrays.copyOf(bytes, size);
  }

  /** The low bytes of a number. */
  static byte[] littleEndian(int value, int bytes) {
    CodeBuffer buffer = new CodeBuffer();
    buffer.addLittleEndian(value, bytes);
    return buffer.toArray();
  }
}
