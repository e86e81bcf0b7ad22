package org.memarium.kernel.syscall;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.memarium.kernel.ipc.IpcObject;
import org.memarium.kernel.process.UserMemory;

/**
 * The structures of System V's calls, as 32-bit programs have them: those of today (IPC_64) and
 * those of old, with numbers of 16 bits ({@code asm/ipcbuf.h}, {@code linux/ipc.h}).
 *
 * <pre>
 *   struct ipc64_perm                             struct ipc_perm
 *   0    4    8    12    16    20    24   28  36  0    4    6    8     10    12    14   16
 *  +----+----+----+-----+-----+-----+----+---+   +----+----+----+-----+-----+-----+----+
 *  |key |uid |gid |cuid |cgid |mode |seq | - |   |key |uid |gid |cuid |cgid |mode |seq |
 *  +----+----+----+-----+-----+-----+----+---+   +----+----+----+-----+-----+-----+----+
 *                             16 bits each
 * </pre>
 */
final class IpcStruct {
  /** In a command of {@code ipc}: the structures are those of today. */
  static final int IPC_64 = 0x100;

  private static final int PERM_BYTES = 36;
  private static final int OLD_PERM_BYTES = 16;
  private static final int MAX_LOW_ID = 0xffff;

  /** What stands for a user or group whose number is too large ({@code DEFAULT_OVERFLOWUID}). */
  private static final int OVERFLOW_ID = 65_534;

  private final ByteBuffer bytes;

  /**
   * What a 64-bit kernel overlooks in the commands of {@code semctl} and {@code msgctl}, made
   * directly; nothing in {@code shmctl}, and nothing in any on a 32-bit one.
   */
  static int ignoredIn(Kernel kernel) {
    return kernel.wordBytes() == 4 ? 0 : IPC_64;
  }

  /**
   * How much IPC_SET reads that sets nothing but owner and rights: a 32-bit kernel copies the whole
   * structure first.
   */
  static int permBytes(Kernel kernel, int structureBytes, boolean old) {
    return kernel.wordBytes() == 4 ? structureBytes : old ? OLD_PERM_BYTES : PERM_BYTES;
  }

  /** Zeroes, to be filled in order. */
  IpcStruct(int size) {
    bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Appends 32 bits. */
  IpcStruct word(long value) {
    bytes.putInt((int) value);
    return this;
  }

  /** Appends 16 bits. */
  IpcStruct half(long value) {
    bytes.putShort((short) value);
    return this;
  }

  /** Appends seconds since 1970 in two words. */
  IpcStruct seconds(long value) {
    return word(value).word(value >>> Integer.SIZE);
  }

  /** Appends owner, maker and rights of an object. */
  IpcStruct perm(IpcObject object, boolean old) {
    word(object.key());
    if (old) {
      half(low(object.uid())).half(low(object.gid()));
      half(low(object.creatorUid())).half(low(object.creatorGid()));
      return half(object.mode()).half(object.seq());
    }
    word(object.uid()).word(object.gid()).word(object.creatorUid()).word(object.creatorGid());
    half(object.mode()).half(0).half(object.seq());
    bytes.position(PERM_BYTES);
    return this;
  }

  private static int low(int id) {
    return (id & ~MAX_LOW_ID) == 0 ? id : OVERFLOW_ID;
  }

  void copyOut(UserMemory memory, int address) {
    memory.write(Integer.toUnsignedLong(address), bytes.array());
  }

  /**
   * What IPC_SET reads of a structure that begins with owner and rights.
   *
   * @param uid the new owner; -1 in both forms is nobody
   * @param gid the owner's group
   * @param mode rights
   * @param rest the structure, for what else the kind has to set
   */
  record Wanted(int uid, int gid, int mode, ByteBuffer rest) {
    /**
     * Copies it in.
     *
     * @param size how much of the structure is read
     */
    static Wanted copyIn(UserMemory memory, int address, int size, boolean old) {
      ByteBuffer in =
          ByteBuffer.wrap(memory.read(Integer.toUnsignedLong(address), size))
              .order(ByteOrder.LITTLE_ENDIAN);
      if (old) {
        in.position(OLD_PERM_BYTES);
        return new Wanted(high(in.getShort(4)), high(in.getShort(6)), in.getShort(12), in);
      }
      in.position(PERM_BYTES);
      return new Wanted(in.getInt(4), in.getInt(8), in.getShort(20), in);
    }

    private static int high(short id) {
      return id & MAX_LOW_ID;
    }
  }
}
