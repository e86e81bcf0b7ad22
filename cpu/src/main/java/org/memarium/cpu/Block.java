package org.memarium.cpu;

import org.jspecify.annotations.Nullable;

/**
 * A basic block: the decoded instructions of the bytes at one physical address, executed at one EIP
 * in one mode. They are linked by {@link Instruction#next}; this is what {@link BlockCache} knows
 * of them.
 */
final class Block {
  final int eip;
  final long physicalAddress;

  /** If the one instruction here crosses pages: where its second page is in RAM; otherwise -1. */
  final long secondPage;

  final Mode mode;

  /** The instructions; behind the last an {@link Op#END} unless it transfers control itself. */
  final Instruction[] code;

  /** How many of {@link #code} are instructions. */
  final int count;

  /** How many bytes they are. */
  final int bytes;

  /** Next in the bucket of {@link BlockCache}. */
  @Nullable Block nextInBucket;

  Block(
      int eip,
      long physicalAddress,
      long secondPage,
      Mode mode,
      Instruction[] code,
      int count,
      int bytes) {
    this.eip = eip;
    this.physicalAddress = physicalAddress;
    this.secondPage = secondPage;
    this.mode = mode;
    this.code = code;
    this.count = count;
    this.bytes = bytes;
  }

  Instruction first() {
    return code[0];
  }

  /**
   * Turns every entry into {@link Op#RESYNC}, so that a processor that is inside comes out before
   * it executes what no longer stands in memory.
   */
  void kill() {
    first().generation = Instruction.NEVER;
    for (Instruction instruction : code) {
      instruction.op = Op.RESYNC;
    }
  }
}
