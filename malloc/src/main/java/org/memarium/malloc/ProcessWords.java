package org.memarium.malloc;

/** Words of a process's memory, as addresses and sizes: unsigned. */
abstract class ProcessWords {
  final ProcessMemory memory;

  ProcessWords(ProcessMemory memory) {
    this.memory = memory;
  }

  final long get(long linearAddress) {
    return memory.readInt(linearAddress) & 0xffff_ffffL;
  }

  final void put(long linearAddress, long value) {
    memory.writeInt(linearAddress, (int) value);
  }

  static long roundUp(long value, long powerOfTwo) {
    return (value + powerOfTwo - 1) & -powerOfTwo;
  }

  static HeapErrorException corrupted(String call, long address, String evidence) {
    return new HeapErrorException(
        HeapErrorException.Kind.CORRUPTED_HEADER, call, address, evidence);
  }
}
