package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.FileCalls;
import org.memarium.kernel.vfs.SocketCredentials;
import org.memarium.mm.Errno;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.slab.SlabView;
import org.memarium.mm.trace.VmStatItem;

/** Processes and files as objects of the kernel's caches. */
class DescriptorsTest {
  private static final String SAMPLE =
      Path.of("../samples/maps").toAbsolutePath().normalize().toString();
  private static final List<String> CACHES =
      List.of(
          "task_struct",
          "mm_struct",
          "vm_area_struct",
          "anon_vma",
          "anon_vma_chain",
          "pid",
          "signal_cache",
          "sighand_cache",
          "cred_jar",
          "files_cache",
          "filp",
          "dentry",
          "inode_cache",
          "proc_inode_cache",
          "shmem_inode_cache",
          "sock_inode_cache",
          "radix_tree_node",
          "names_cache",
          "sigqueue");

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  private static long inUse(Machine machine, String name) {
    KmemCache cache = machine.slab().kernelCaches().get(name);
    long objects = 0;
    for (SlabView slab : SlabView.of(cache)) {
      objects += slab.objects() - slab.free().cardinality();
    }
    return objects;
  }

  private static Map<String, Long> all(Machine machine) {
    Map<String, Long> counts = new TreeMap<>();
    for (String name : CACHES) {
      counts.put(name, inUse(machine, name));
    }
    return counts;
  }

  @Test
  void aProgramTakesItsDescriptorsAndGivesThemBack() {
    Machine machine = machines.boot(config -> {});
    assertEquals(1, inUse(machine, "task_struct"));
    assertEquals(8, machine.memory().vmStat().get(VmStatItem.NR_KERNEL_STACK));
    assertEquals(0, inUse(machine, "vm_area_struct"));
    machine.exec(SAMPLE, List.of("maps"), List.of());
    assertEquals(1, inUse(machine, "mm_struct"));
    assertEquals(machine.task().requireMm().areas(), inUse(machine, "vm_area_struct"));
    // Standard input, output and error, and the program itself.
    assertEquals(4, inUse(machine, "filp"));
    while (!machine.run(5_000)) {
      assertEquals(machine.task().requireMm().areas(), inUse(machine, "vm_area_struct"));
    }
    machine.files().write("/proc/sys/vm/drop_caches", "3");
    Map<String, Long> afterFirst = all(machine);
    assertEquals(0, afterFirst.get("task_struct"));
    assertEquals(0, afterFirst.get("mm_struct"));
    assertEquals(0, afterFirst.get("vm_area_struct"));
    assertEquals(0, afterFirst.get("anon_vma"));
    assertEquals(0, machine.memory().vmStat().get(VmStatItem.NR_KERNEL_STACK));
    machine.exec(SAMPLE, List.of("maps"), List.of());
    machine.run();
    machine.files().write("/proc/sys/vm/drop_caches", "3");
    assertEquals(afterFirst, all(machine));
  }

  @Test
  void namesStayInTheDcacheUntilTheyAreDropped() {
    Machine machine = machines.boot(config -> {});
    FileCalls calls = machine.task().fileCalls();
    machine.vfs().dropSlab();
    long dentries = inUse(machine, "dentry");
    String folder = Path.of("../samples").toAbsolutePath().normalize().toString();
    int components = folder.split("/", -1).length - 1;
    assertEquals(-Errno.ENOENT, calls.openat(Fcntl.AT_FDCWD, folder + "/no-such", 0, 0));
    // One for each directory on the way, and a negative one.
    assertEquals(dentries + components + 1, inUse(machine, "dentry"));
    assertEquals(-Errno.ENOENT, calls.openat(Fcntl.AT_FDCWD, folder + "/no-such", 0, 0));
    assertEquals(dentries + components + 1, inUse(machine, "dentry"));
    machine.audit();
    machine.vfs().dropSlab();
    assertEquals(dentries, inUse(machine, "dentry"));
  }

  @Test
  void anOpenFileHoldsItsNameAndEachDirectoryAbove() {
    Machine machine = machines.boot(config -> {});
    FileCalls calls = machine.task().fileCalls();
    machine.vfs().dropSlab();
    final long dentries = inUse(machine, "dentry");
    final long files = inUse(machine, "filp");
    int fd = (int) calls.openat(Fcntl.AT_FDCWD, SAMPLE, 0, 0);
    assertEquals(fd + 1, calls.dup(fd));
    machine.vfs().dropSlab();
    assertEquals(files + 1, inUse(machine, "filp"));
    assertEquals(dentries + SAMPLE.split("/", -1).length - 1, inUse(machine, "dentry"));
    calls.close(fd);
    assertEquals(files + 1, inUse(machine, "filp"));
    calls.close(fd + 1);
    assertEquals(files, inUse(machine, "filp"));
  }

  @Test
  void manyDescriptorsNeedALargerTable() {
    Machine machine = machines.boot(config -> {});
    FileCalls calls = machine.task().fileCalls();
    assertEquals(32, machine.task().files().slots());
    for (int fd = 3; fd < 40; fd++) {
      assertEquals(fd, calls.dup(0));
    }
    assertEquals(256, machine.task().files().slots());
    machine.audit();
  }

  /** Each call, with its first failing allocation, then its second, until it succeeds. */
  @Test
  void aCallWithoutMemoryForADescriptorLeavesNothing() {
    Machine machine = machines.boot(config -> {});
    machine.slab().failSlab().setIgnoreGfpReclaim(false);
    FileCalls calls = machine.task().fileCalls();
    int[] ends = new int[2];
    List<Call> all =
        List.of(
            () -> calls.openat(Fcntl.AT_FDCWD, SAMPLE, 0, 0),
            () -> calls.openat(Fcntl.AT_FDCWD, "/proc/meminfo", 0, 0),
            () -> calls.openat(Fcntl.AT_FDCWD, "/made", Fcntl.O_CREAT | Fcntl.O_RDWR, 0644),
            () -> calls.mkdirat(Fcntl.AT_FDCWD, "/folder", 0755),
            () -> calls.symlinkat("made", Fcntl.AT_FDCWD, "/link"),
            () -> calls.renameat2(Fcntl.AT_FDCWD, "/made", Fcntl.AT_FDCWD, "/folder/moved", 0),
            () -> calls.linkat(Fcntl.AT_FDCWD, "/folder/moved", Fcntl.AT_FDCWD, "/other", 0),
            () -> calls.unlinkat(Fcntl.AT_FDCWD, "/other", 0),
            () -> calls.pipe2(ends, 0),
            () -> calls.unix().socket(1, 0, () -> new SocketCredentials(1, 0, 0)),
            () -> calls.unix().socketpair(1, 0, () -> new SocketCredentials(1, 0, 0), ends),
            () -> calls.anonymous().eventfd2(1, 0),
            () -> calls.anonymous().epollCreate1(0),
            () -> calls.fcntl(0, Fcntl.F_DUPFD, 100));
    for (int i = 0; i < all.size(); i++) {
      assertTrue(failures(machine, all.get(i)) > 0, "call " + i);
    }
  }

  @FunctionalInterface
  private interface Call {
    long make();
  }

  private static int failures(Machine machine, Call call) {
    for (int nth = 1; nth < 40; nth++) {
      machine.vfs().dropSlab();
      machine.slab().failSlab().attr().set(nth, 1);
      long result = call.make();
      machine.slab().failSlab().attr().set(0, 0);
      machine.audit();
      if (result != -Errno.ENOMEM && result != -Errno.ENFILE) {
        assertTrue(result >= 0, () -> Errno.name(result));
        return nth - 1;
      }
    }
    throw new AssertionError("the call does not succeed");
  }
}
