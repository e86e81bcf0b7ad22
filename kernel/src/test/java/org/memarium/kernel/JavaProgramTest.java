package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.syscall.SystemCallNames;
import org.memarium.mm.Errno;

/** Processes that Java code drives. */
class JavaProgramTest {
  private static final int PRIVATE = 0x22;
  private static final int READ_WRITE = 3;
  private static final int DATA = JavaProgram.DATA;

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  private JavaProgram start() {
    return JavaProgram.start(machines.boot(config -> {}));
  }

  private static int map(JavaProgram program, int bytes) {
    return program.call("mmap2", 0, bytes, READ_WRITE, PRIVATE, -1, 0);
  }

  @Test
  void callsAreMadeAndMemoryIsReadAndWritten() {
    JavaProgram program = start();
    int at = map(program, 8192);
    long address = Integer.toUnsignedLong(at);
    assertEquals(0, program.readInt(address));
    program.writeInt(address + 4094, 0x0403_0201);
    assertArrayEquals(new byte[] {0, 1, 2, 3, 4, 0}, program.read(address + 4093, 6));
    program.writeByte(address, 0x1ff);
    assertEquals(0xff, program.readByte(address));
    assertEquals(0, program.call("munmap", at, 8192));
    assertEquals(-Errno.EINVAL, program.call("munmap", at + 1, 8192));
    assertTrue(program.machine().proc("self/maps").contains("java-program"));
  }

  @Test
  void anAccessThatMayNotBeTellsTheSignalAndSendsNone() {
    JavaProgram program = start();
    MemoryFaultException wild =
        assertThrows(MemoryFaultException.class, () -> program.readInt(0x10));
    assertEquals(Signal.SIGSEGV, wild.signal());
    assertEquals(SignalInfo.SEGV_MAPERR, wild.code());
    assertEquals(0x10, wild.address());
    MemoryFaultException text =
        assertThrows(MemoryFaultException.class, () -> program.writeByte(0x0804_8000, 1));
    assertEquals(SignalInfo.SEGV_ACCERR, text.code());
    long kernel = 0xffff_f000L;
    assertEquals(
        kernel, assertThrows(MemoryFaultException.class, () -> program.readInt(kernel)).address());
    int at = map(program, 8192);
    long second = Integer.toUnsignedLong(at) + 4096;
    assertEquals(0, program.call("mprotect", at + 4096, 4096, 0));
    MemoryFaultException half =
        assertThrows(
            MemoryFaultException.class, () -> program.write(second - 2, new byte[] {1, 2, 3}));
    assertEquals(second, half.address());
    assertEquals(0x0201_0000, program.readInt(second - 4));
    assertEquals(program.task().pid(), program.call("getpid"));
  }

  @Test
  void aForkedProcessIsDrivenBesideItsParent() {
    JavaProgram parent = start();
    long at = Integer.toUnsignedLong(map(parent, 4096));
    parent.writeInt(at, 1);
    JavaProgram child = parent.fork();
    child.writeInt(at, 2);
    assertEquals(1, parent.readInt(at));
    assertEquals(2, child.readInt(at));
    assertEquals(parent.task().pid(), child.call("getppid"));
    JavaProgram grandchild = child.fork();
    assertEquals(2, grandchild.readInt(at));

    int wait4 = SystemCallNames.number("wait4");
    assertFalse(parent.begin(wait4, child.task().pid(), DATA, 0, 0), "nobody has ended");
    assertThrows(IllegalStateException.class, () -> parent.call("getpid"));
    assertFalse(parent.comeBack());
    assertEquals(child.task().pid(), grandchild.call("getppid"));
    child.exit(5);
    assertTrue(child.isEnded());
    assertTrue(parent.comeBack());
    assertEquals(child.task().pid(), parent.result());
    assertEquals(5 << 8, parent.readInt(DATA));
    assertThrows(IllegalStateException.class, () -> child.readInt(at));
    grandchild.exit(0);
    parent.exit(3);
    assertEquals(3, parent.machine().exitStatus());
  }

  @Test
  void sleepsPassOnTheVirtualClockAndWaitingForNobodyEnds() {
    JavaProgram program = start();
    program.words(DATA, 3600, 0);
    assertEquals(0, program.call("nanosleep", DATA, 0));
    assertEquals(0, program.call("pipe", DATA));
    int end = program.readInt(DATA);
    assertFalse(program.begin(SystemCallNames.number("read"), end, DATA, 1));
    assertTrue(program.isEnded(), "a deadlock ends it");
    assertTrue(String.valueOf(program.machine().deathLine()).contains("deadlock"));
  }

  @Test
  void aSignalsHandlerRunsBetweenTwoCalls() {
    JavaProgram program = start();
    int action = program.words(DATA, JavaProgram.HANDLER, 0, 0, 0, 0);
    assertEquals(0, program.call("rt_sigaction", Signal.SIGUSR1, action, 0, 8));
    assertEquals(0, program.call("kill", program.task().pid(), Signal.SIGUSR1));
    assertEquals(program.task().pid(), program.call("getpid"));
  }

  @Test
  void manyCallsTakeTurnsOfTheScheduler() {
    JavaProgram parent = start();
    JavaProgram child = parent.fork();
    for (int i = 0; i < 600_000; i++) {
      parent.call(SystemCallNames.number("getpid"));
    }
    assertEquals(parent.task().pid(), child.call("getppid"));
  }
}
