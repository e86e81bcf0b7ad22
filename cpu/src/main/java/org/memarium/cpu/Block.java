package org.memarium.cpu;

import org.jspecify.annotations.Nullable;

/**
 * A basic block: decoded instructions that run one after the other, and where control goes then.
 *
 * <p>It stands for the bytes at one physical address, executed at one EIP in one mode. {@link
 * #generation} says when the way from EIP to those bytes was last walked: while that is current,
 * control may come here without asking the MMU.
 */
final class Block {
  /** A generation that never is: the block must be looked up, or is dead. */
  static final int NEVER = -1;

  /** What a successor is before it is known; it succeeds itself. */
  static final Block NONE = new Block();

  final int eip;
  final long physicalAddress;
  final Mode mode;

  /** The instructions; behind the last an {@link Op#END} unless it transfers control itself. */
  final Instruction[] code;

  /** How many of {@link #code} are instructions. */
  final int count;

  /** How many bytes they are. */
  final int bytes;

  /** EIP behind the last instruction. */
  final int endEip;

  /** If the one instruction here crosses pages: where its second page is in RAM; otherwise -1. */
  final long secondPage;

  /** The generation ({@link BlockCache#generation}) in which EIP was seen to lead here. */
  int generation = NEVER;

  /** Successor where the branch at the end is taken. */
  Block taken;

  /** Successor where control falls through. */
  Block next;

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
    this.endEip = eip + bytes;
    this.taken = NONE;
    this.next = NONE;
  }

  private Block() {
    eip = 0;
    physicalAddress = -1;
    secondPage = -1;
    mode = Mode.FLAT_32;
    code = new Instruction[0];
    count = 0;
    bytes = 0;
    endEip = 0;
    taken = this;
    next = this;
  }

  /**
   * Turns every entry into {@link Op#RESYNC}, so that a processor that is inside comes out before
   * it executes what no longer stands in memory.
   */
  void kill() {
    generation = NEVER;
    for (Instruction instruction : code) {
      instruction.op = Op.RESYNC;
    }
  }
}
