package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** In the i386 layout the machine does what a 32-bit kernel did; the host has none to ask. */
class I386LayoutTest {
  /**
   * What Debian's 32-bit kernel 6.1 (no PAE, 128 MiB, randomize_va_space=0) printed for {@code
   * busybox cat /proc/self/maps} of busybox-static 1:1.35.0-4, without vvar and vdso, device and
   * inode. There it was in /bin.
   */
  private static final List<String> BUSYBOX_MAPS =
      List.of(
          "08048000-08049000 r--p 00000000 /usr/bin/busybox",
          "08049000-081cd000 r-xp 00001000 /usr/bin/busybox",
          "081cd000-0823a000 r--p 00185000 /usr/bin/busybox",
          "0823a000-0823e000 r--p 001f2000 /usr/bin/busybox",
          "0823e000-08240000 rw-p 001f6000 /usr/bin/busybox",
          "08240000-08244000 rw-p 00000000 [heap]",
          "08244000-08266000 rw-p 00000000 [heap]",
          "b7fea000-b7ffa000 rw-p 00000000 ",
          "bffdf000-c0000000 rw-p 00000000 [stack]");

  @Test
  void busyboxHasTheMapThatA32BitKernelGaveIt() throws IOException {
    Oracles.busybox();
    Ended machine =
        MachineRun.command(
            "run",
            "--check",
            "--root",
            Oracles.i386Root().toString(),
            "/usr/bin/busybox",
            "cat",
            "/proc/self/maps");
    assertEquals(0, machine.status(), machine.err());
    assertEquals(BUSYBOX_MAPS, machine.maps());
  }
}
