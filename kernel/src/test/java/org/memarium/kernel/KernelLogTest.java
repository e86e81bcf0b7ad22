package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What programs find of the kernel's log, by {@code /dev/kmsg} and syslog(2). */
final class KernelLogTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private String run(int uid) throws IOException {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    String program = HostPrograms.compile(folder, "kmsg.c", "-static").toString();
    SwapArea swap = SwapArea.temporary(1L << 20);
    return machines.run(config -> config.swap(swap).user(uid, uid), program).out();
  }

  @Test
  void rootReadsRecordsAndTextAndWritesLines() throws IOException {
    assertEquals(
        """
        open = 0
        SIZE_BUFFER = 131072
        SEEK_SET = 0
        6,-;Adding 1020k swap on /dev/vda.  Priority:-2 extents:1 across:1020k\s
        SEEK_END = 0
        SEEK_CUR = -1 EINVAL
        an offset = -1 ESPIPE
        poll = 0
        read = -1 EAGAIN
        write = 17
        write = 9
        write = 5
        too much = -1 EINVAL
        poll = 1
        no room = -1 EINVAL
        11,-;daemon: hello
        30,-;a\\x09b\\x5cc
        12,-;plain
        read = -1 EAGAIN
        <6>] Adding 1020k swap on /dev/vda.  Priority:-2 extents:1 across:1020k\s
        <11>] daemon: hello
        <30>] a\tb\\c
        <12>] plain
        as much as fits = 1
        unread, all = 1
        READ = 10
        unread = -10
        CLEAR = 0
        READ_ALL after it = 0
        SEEK_DATA = 0
        read = -1 EAGAIN
        SEEK_SET = 0
        6,-;Adding 1020k swap on /dev/vda.  Priority:-2 extents:1 across:1020k\s
        no buffer = -1 EINVAL
        no such action = -1 EINVAL
        console level = -1 EINVAL
        """,
        run(0));
  }

  @Test
  void othersAreToldNothing() throws IOException {
    assertEquals(
        """
        open = -1 EACCES
        SIZE_BUFFER = -1 EPERM
        open to write = -1 EACCES
        """,
        run(1000));
  }
}
