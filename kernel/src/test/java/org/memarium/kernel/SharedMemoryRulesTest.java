package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MemoryManager;

/** What the comparison with the host cannot show of shared memory: limits, 6.1, what is left. */
final class SharedMemoryRulesTest {
  private static final int IPC_PRIVATE = 0;
  private static final int IPC_CREAT = 01000;
  private static final int IPC_RMID = 0;
  private static final int SHM_REMAP = 040000;
  private static final int O_RDWR_CREAT = 0102;
  private static final int RW = 3;
  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE = 2;
  private static final int F_ADD_SEALS = 1033;
  private static final int NAME = JavaProgram.DATA + 0x1000;

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  private JavaProgram start(Layout layout) {
    return JavaProgram.start(machines.boot(config -> config.layout(layout)));
  }

  private static int memfd(JavaProgram program, int flags) {
    return program.call("memfd_create", program.string(NAME, "m"), flags);
  }

  @Test
  void aSegmentIsCommittedWholeAndGoneWithItsLastAttachment() {
    JavaProgram program = start(Layout.I386);
    Machine machine = program.machine();
    long before = machine.memory().committedMemory().pages();
    int id = program.call("shmget", IPC_PRIVATE, 100 * Ram.PAGE_SIZE, 0600);
    assertEquals(before + 100, machine.memory().committedMemory().pages());
    int address = program.call("shmat", id, 0, 0);
    program.writeInt(Integer.toUnsignedLong(address), 7);
    assertEquals(0, program.call("shmctl", id, IPC_RMID, 0));
    assertTrue(machine.proc("self/maps").contains("/SYSV00000000 (deleted)"));
    JavaProgram child = program.fork();
    assertEquals(0, program.call("shmdt", address));
    assertEquals(7, child.readInt(Integer.toUnsignedLong(address)));
    child.exit(0);
    assertEquals(before, machine.memory().committedMemory().pages());
    assertEquals(1, machine.proc("sysvipc/shm").lines().count());
  }

  @Test
  void aSegmentThatWasRemovedIsAttachedInPlaceOfItsLastAttachment() {
    JavaProgram program = start(Layout.COMPAT);
    int id = program.call("shmget", IPC_PRIVATE, 2 * Ram.PAGE_SIZE, 0600);
    int address = program.call("shmat", id, 0, 0);
    program.writeInt(Integer.toUnsignedLong(address), 7);
    assertEquals(0, program.call("shmctl", id, IPC_RMID, 0));
    assertEquals(address, program.call("shmat", id, address, SHM_REMAP));
    assertEquals(7, program.readInt(Integer.toUnsignedLong(address)));
    assertEquals(0, program.call("shmdt", address));
    assertEquals(-Errno.EINVAL, program.call("shmat", id, 0, 0));
  }

  @Test
  void limitsInProcHoldForSegments() {
    JavaProgram program = start(Layout.COMPAT);
    Machine machine = program.machine();
    machine.files().write("/proc/sys/kernel/shmmax", "8192");
    assertEquals(-Errno.EINVAL, program.call("shmget", IPC_PRIVATE, 8193, 0600));
    machine.files().write("/proc/sys/kernel/shmall", "3");
    int first = program.call("shmget", IPC_PRIVATE, 8192, 0600);
    assertEquals(-Errno.ENOSPC, program.call("shmget", IPC_PRIVATE, 8192, 0600));
    machine.files().write("/proc/sys/kernel/shmmni", "1");
    assertEquals(-Errno.ENOSPC, program.call("shmget", IPC_PRIVATE, 4096, 0600));
    machine.files().write("/proc/sys/kernel/shm_rmid_forced", "1");
    int address = program.call("shmat", first, 0, 0);
    assertEquals(0, program.call("shmdt", address));
    assertEquals(-Errno.EINVAL, program.call("shmat", first, 0, 0));
  }

  @Test
  void numbersOfSegmentsGoRoundByIndex() {
    JavaProgram program = start(Layout.I386);
    for (int i = 0; i < 130; i++) {
      int id = program.call("shmget", IPC_PRIVATE, 1, 0600);
      assertEquals(((i / 64) << 15) | (i % 64), id);
      assertEquals(0, program.call("shmctl", id, IPC_RMID, 0));
    }
    program.machine().files().write("/proc/sys/kernel/shm_next_id", "98309");
    assertEquals(98309, program.call("shmget", 77, 1, IPC_CREAT | 0600));
  }

  @Test
  void aFileInDevShmGrowsToHalfOfMemory() {
    JavaProgram program = start(Layout.COMPAT);
    int fd = program.call("open", program.string(NAME, "/dev/shm/large"), O_RDWR_CREAT, 0600);
    long half = program.machine().memory().allocator().node().totalRamPages() / 2;
    int bytes = (int) (half << Ram.PAGE_SHIFT);
    assertEquals(0, program.call("ftruncate", fd, bytes + Ram.PAGE_SIZE));
    // The program that this is lies there too, and takes a page.
    assertEquals(0, program.call("fallocate", fd, 0, 0, 0, bytes - Ram.PAGE_SIZE, 0));
    int address = program.call("mmap2", 0, bytes + Ram.PAGE_SIZE, RW, MAP_SHARED, fd, 0);
    long behind = Integer.toUnsignedLong(address) + bytes;
    var fault = assertThrows(MemoryFaultException.class, () -> program.writeInt(behind, 1));
    assertEquals(7, fault.signal());
    assertEquals(-Errno.ENOSPC, program.call("pwrite64", fd, JavaProgram.DATA, 100, bytes, 0));
    assertEquals(0, program.call("ftruncate", fd, 0));
    assertEquals(0, program.call("ftruncate", fd, bytes));
    program.writeInt(Integer.toUnsignedLong(address), 1);
  }

  @Test
  void pagesOfAMemfdAreCommittedAsTheyCome() {
    JavaProgram program = start(Layout.I386);
    Machine machine = program.machine();
    int fd = memfd(program, 0);
    assertEquals(0, program.call("ftruncate", fd, 64 * Ram.PAGE_SIZE));
    long before = machine.memory().committedMemory().pages();
    assertEquals(Ram.PAGE_SIZE * 2, program.call("write", fd, JavaProgram.DATA, Ram.PAGE_SIZE * 2));
    assertEquals(before + 2, machine.memory().committedMemory().pages());
    machine.memory().committedMemory().setMode(MemoryManager.Overcommit.NEVER);
    machine.memory().committedMemory().setLimitKibibytes(4);
    assertEquals(
        -Errno.ENOSPC, program.call("pwrite64", fd, JavaProgram.DATA, 1, 8 * Ram.PAGE_SIZE, 0));
    assertEquals(0, program.call("close", fd));
    assertEquals(before, machine.memory().committedMemory().pages());
  }

  @Test
  void sealsOfLinux61KnowNothingOfExecution() {
    JavaProgram program = start(Layout.I386);
    assertEquals(-Errno.EINVAL, memfd(program, 8));
    assertEquals(-Errno.EINVAL, memfd(program, 16));
    int fd = memfd(program, 2);
    assertEquals(-Errno.EINVAL, program.call("fcntl64", fd, F_ADD_SEALS, 0x20));
    assertEquals(0, program.call("ftruncate", fd, Ram.PAGE_SIZE));
    int readOnly = program.call("mmap2", 0, Ram.PAGE_SIZE, 1, MAP_SHARED, fd, 0);
    assertEquals(-Errno.EBUSY, program.call("fcntl64", fd, F_ADD_SEALS, 8));
    assertEquals(0, program.call("munmap", readOnly, Ram.PAGE_SIZE));
    assertEquals(0, program.call("fcntl64", fd, F_ADD_SEALS, 8));
    assertEquals(-Errno.EPERM, program.call("mmap2", 0, Ram.PAGE_SIZE, 1, MAP_SHARED, fd, 0));
    assertTrue(program.call("mmap2", 0, Ram.PAGE_SIZE, RW, MAP_PRIVATE, fd, 0) >>> 12 != 0);
  }
}
