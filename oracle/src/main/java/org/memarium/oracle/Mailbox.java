package org.memarium.oracle;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The memory through which the oracle and the agent's processes speak: a file that all of them map.
 *
 * <pre>
 *   slot    +0  batches posted      futex: the agent waits for it
 *           +4  batches done        futex: the oracle waits for it
 *           +8  commands in the batch
 *          +64  commands, 64 bytes each
 *   command +0  kind   +4 number or address   +8 six arguments, or the value to write
 *          +32  result +36 signal, or 0 +40 its code +44 its address +48 page faults so far
 *          +60  not used: the agent touches the last word of each page
 * </pre>
 */
final class Mailbox implements AutoCloseable {
  /** How many processes there may be at once. */
  static final int SLOTS = 16;

  /** How many commands a batch may have. */
  static final int MAX_COMMANDS = 255;

  /** Bytes of it all. */
  static final int BYTES = 0x4_0000;

  private static final int SLOT_BYTES = BYTES / SLOTS;
  private static final int COMMAND_BYTES = 64;
  private static final int POSTED = 0;
  private static final int DONE = 4;
  private static final int COUNT = 8;
  private static final int ARGUMENTS = 8;
  private static final int RESULT = 32;

  private static final VarHandle WORD = JAVA_INT.varHandle();

  private final Arena arena = Arena.ofConfined();
  private final HostCalls calls = new HostCalls(arena);
  private final MemorySegment memory;

  /** Maps a new file. */
  Mailbox(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, BYTES, arena);
      memory.fill((byte) 0);
    }
  }

  /** The address of a slot, in the agent's address space. */
  static int address(int slot) {
    return AgentProgram.MAILBOX + slot * SLOT_BYTES;
  }

  /** Makes a slot as a new process wants it. */
  void clear(int slot) {
    memory.asSlice((long) slot * SLOT_BYTES, COMMAND_BYTES).fill((byte) 0);
  }

  /** Writes a command of the batch that is to be posted next. */
  void put(int slot, int index, int kind, int number, int[] arguments) {
    long at = command(slot, index);
    memory.set(JAVA_INT, at, kind);
    memory.set(JAVA_INT, at + 4, number);
    for (int i = 0; i < 6; i++) {
      int value = i < arguments.length ? arguments[i] : 0;
      memory.set(JAVA_INT, at + ARGUMENTS + 4L * i, value);
    }
    for (int i = 0; i < 5; i++) {
      memory.set(JAVA_INT, at + RESULT + 4L * i, 0);
    }
  }

  /** Lets the process of the slot begin a batch. */
  void post(int slot, int commands) {
    long at = (long) slot * SLOT_BYTES;
    memory.set(JAVA_INT, at + COUNT, commands);
    int posted = (int) WORD.getVolatile(memory, at + POSTED);
    WORD.setVolatile(memory, at + POSTED, posted + 1);
    calls.wake(memory.asSlice(at + POSTED, 4));
  }

  /** Whether the batch that was posted last is done. */
  boolean isDone(int slot) {
    long at = (long) slot * SLOT_BYTES;
    return (int) WORD.getVolatile(memory, at + DONE) == (int) WORD.getVolatile(memory, at);
  }

  /** Waits a while for the end of the batch. */
  void await(int slot, long nanos) {
    long at = (long) slot * SLOT_BYTES + DONE;
    int done = (int) WORD.getVolatile(memory, at);
    if (!isDone(slot)) {
      calls.await(memory.asSlice(at, 4), done, nanos);
    }
  }

  /** Waits until a process of the agent's has ended. */
  void awaitEnd(int pid) {
    calls.awaitEnd(pid);
  }

  /** See {@link HostCalls#drainBatches}. */
  void drainBatches(Path file) {
    calls.drainBatches(file);
  }

  /** What became of a command of the batch that is done. */
  Outcome outcome(int slot, int index) {
    long at = command(slot, index) + RESULT;
    return new Outcome(
        memory.get(JAVA_INT, at),
        memory.get(JAVA_INT, at + 4),
        memory.get(JAVA_INT, at + 8),
        memory.get(JAVA_INT, at + 12),
        memory.get(JAVA_INT, at + 16));
  }

  private static long command(int slot, int index) {
    return (long) slot * SLOT_BYTES + (long) COMMAND_BYTES * (1 + index);
  }

  @Override
  public void close() {
    arena.close();
  }
}
