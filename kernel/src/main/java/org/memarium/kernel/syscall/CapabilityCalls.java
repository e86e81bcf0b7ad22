package org.memarium.kernel.syscall;

import org.memarium.kernel.process.Identity;
import org.memarium.kernel.process.Task;
import org.memarium.mm.Errno;

/**
 * Capabilities, which are all or none here: root's effective user has every one, nobody else has
 * any; Linux {@code kernel/capability.c}.
 *
 * <pre>
 *  header, 8 bytes      data, 12 bytes for each 32 capabilities
 *  | version | pid |    | effective | permitted | inheritable |
 * </pre>
 */
final class CapabilityCalls {
  private static final int VERSION_1 = 0x19980330;
  private static final int VERSION_2 = 0x20071026;
  private static final int VERSION_3 = 0x20080522;

  /** {@code CAP_LAST_CAP} is 40. */
  private static final long ALL = (1L << 41) - 1;

  private static final int DATA_BYTES = 12;
  private static final int PERMITTED = 4;
  private static final int INHERITABLE = 8;

  private final Kernel kernel;

  CapabilityCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("capget", this::capget);
    table.set("capset", this::capset).partly("nothing can be given up: EPERM");
  }

  private static long heldBy(Identity identity) {
    return identity.euid() == 0 ? ALL : 0;
  }

  /** {@code cap_validate_magic}: words of a set; 0 for a version that is none, and tells ours. */
  private int words(long header) {
    return switch (kernel.memory().readInt(header)) {
      case VERSION_1 -> 1;
      case VERSION_2, VERSION_3 -> 2;
      default -> {
        kernel.memory().writeInt(header, VERSION_3);
        yield 0;
      }
    };
  }

  private long capget(int headerAddress, int data) {
    long header = Integer.toUnsignedLong(headerAddress);
    int words = words(header);
    if (words == 0 || data == 0) {
      return words == 0 && data != 0 ? -Errno.EINVAL : 0;
    }
    int pid = kernel.memory().readInt(header + Integer.BYTES);
    if (pid < 0) {
      return -Errno.EINVAL;
    }
    Task task = pid == 0 ? kernel.task() : kernel.tasks().find(pid);
    if (task == null) {
      return -Errno.ESRCH;
    }
    long held = heldBy(task.identity());
    byte[] raw = new byte[words * DATA_BYTES];
    for (int i = 0; i < words; i++) {
      int word = (int) (held >>> (Integer.SIZE * i));
      Bytes.putInt(raw, i * DATA_BYTES, word);
      Bytes.putInt(raw, i * DATA_BYTES + PERMITTED, word);
    }
    kernel.memory().write(Integer.toUnsignedLong(data), raw);
    return 0;
  }

  private long capset(int headerAddress, int data) {
    long header = Integer.toUnsignedLong(headerAddress);
    int words = words(header);
    if (words == 0) {
      return -Errno.EINVAL;
    }
    int pid = kernel.memory().readInt(header + Integer.BYTES);
    if (pid != 0 && pid != kernel.task().pid()) {
      return -Errno.EPERM;
    }
    byte[] raw = kernel.memory().read(Integer.toUnsignedLong(data), words * DATA_BYTES);
    long effective = set(raw, 0);
    long permitted = set(raw, PERMITTED);
    long inheritable = set(raw, INHERITABLE);
    long held = heldBy(kernel.task().identity());
    if ((permitted & ~held) != 0 || (effective & ~permitted) != 0 || (inheritable & ~held) != 0) {
      return -Errno.EPERM;
    }
    if (effective != held || permitted != held || inheritable != 0) {
      return kernel.unsupported("capset that gives capabilities up", Errno.EPERM);
    }
    return 0;
  }

  private static long set(byte[] raw, int at) {
    long bits = 0;
    for (int i = 0; i * DATA_BYTES < raw.length; i++) {
      bits |= Integer.toUnsignedLong(Bytes.getInt(raw, i * DATA_BYTES + at)) << (Integer.SIZE * i);
    }
    return bits & ALL;
  }
}
