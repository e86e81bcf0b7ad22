package org.memarium.examples;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.memarium.hardware.Ram;
import org.memarium.kernel.JavaProgram;
import org.memarium.kernel.Machine;
import org.memarium.kernel.MachineConfig;
import org.memarium.kernel.Preset;
import org.memarium.kernel.RunReport;
import org.memarium.kernel.process.Task;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.slab.Kmalloc;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.slab.SlabFlags;
import org.memarium.mm.space.RLimits;

/** What a Java program does with a machine. */
@DisplayName("The examples of the documentation")
class MachineExamples {
  private static final String SAMPLE =
      Path.of("../samples/maps").toAbsolutePath().normalize().toString();

  @Test
  void boot() {
    // @start region="boot"
    MachineConfig config = MachineConfig.builder().ramBytes(128L << 20).build();
    try (Machine machine = Machine.boot(config)) {
      for (Zone zone : machine.memory().allocator().zones()) {
        System.out.println(zone.name() + ": " + zone.managedPages() + " pages");
      }
      machine.audit(); // throws if a counter differs from a recount
    }
    // @end
  }

  @Test
  void javaProgram() {
    // @start region="java-program"
    try (Machine machine = Machine.boot(MachineConfig.builder().build())) {
      JavaProgram parent = JavaProgram.start(machine);
      int page = parent.call("mmap2", 0, Ram.PAGE_SIZE, 3, 0x22, -1, 0); // private, anonymous
      long address = Integer.toUnsignedLong(page);
      parent.writeInt(address, 1);

      JavaProgram child = parent.fork();
      child.writeInt(address, 2); // a page fault, and a copy
      assertEquals(1, parent.readInt(address));
      child.exit(0);
      parent.exit(0);
      assertEquals(0, machine.exitStatus());
    }
    // @end
  }

  @Test
  void pages() {
    // @start region="pages"
    try (Machine machine = Machine.boot(MachineConfig.builder().build())) {
      long block = machine.pages().getFreePages(Gfp.GFP_KERNEL, 3); // 2^3 pages
      machine.linearMemory().write(block, "hello".getBytes(StandardCharsets.UTF_8));

      int pfn = machine.pages().virtToPfn(block);
      long physicalAddress = (long) pfn << Ram.PAGE_SHIFT;
      assertEquals('h', machine.memory().allocator().ram().getByte(physicalAddress));

      machine.pages().freePagesAt(block, 3);
      assertThrows(
          IllegalStateException.class, () -> machine.pages().freePagesAt(block, 3)); // twice
    }
    // @end
  }

  @Test
  void kmalloc() {
    // @start region="kmalloc"
    try (Machine machine = Machine.boot(MachineConfig.builder().build())) {
      Kmalloc kmalloc = machine.kmalloc();
      long object = kmalloc.kzalloc(100, Gfp.GFP_KERNEL);
      assertEquals(128, kmalloc.ksize(object)); // of the cache kmalloc-128

      machine.linearMemory().writeInt(object, 42);
      object = kmalloc.krealloc(object, 5000, Gfp.GFP_KERNEL);
      assertEquals(42, machine.linearMemory().readInt(object));
      kmalloc.kfree(object);
    }
    // @end
  }

  @Test
  void slab() {
    // @start region="slab"
    try (Machine machine = Machine.boot(MachineConfig.builder().build())) {
      // A cache, or one like it that is there already: like caches are merged, as in Linux.
      KmemCache cache =
          requireNonNull(
              machine.slab().kmemCacheCreate("point", 24, 0, SlabFlags.HWCACHE_ALIGN, null));
      long[] objects = new long[1000];
      assertEquals(1000, cache.allocBulk(Gfp.GFP_KERNEL, objects.length, objects));
      System.out.println(cache.slabinfo()); // the figures of /proc/slabinfo
      cache.freeBulk(objects.length, objects);
      assertTrue(cache.destroy());
    }
    // @end
  }

  @Test
  void vmalloc() {
    // @start region="vmalloc"
    try (Machine machine = Machine.boot(MachineConfig.builder().build())) {
      long area = machine.vmalloc().vmalloc(3 * Ram.PAGE_SIZE);
      long second = area + Ram.PAGE_SIZE;
      machine.linearMemory().writeInt(second - 2, 0x12345678); // across two frames
      assertEquals(0x12345678, machine.linearMemory().readInt(second - 2));

      long guard = area + 3 * Ram.PAGE_SIZE;
      assertThrows(IllegalArgumentException.class, () -> machine.linearMemory().read(guard, 1));
      machine.vmalloc().vfree(area);
    }
    // @end
  }

  @Test
  void views() {
    // @start region="views"
    try (Machine machine = Machine.boot(MachineConfig.builder().build())) {
      String before = machine.proc("buddyinfo");
      int pfn = machine.pages().allocPages(Gfp.GFP_KERNEL, 5);
      String after = machine.proc("buddyinfo");
      assertFalse(before.equals(after));

      machine.files().write("/proc/sys/vm/overcommit_memory", "2\n");
      assertEquals("2\n", machine.proc("sys/vm/overcommit_memory"));
      machine.pages().freePages(pfn, 5);
    }
    // @end
  }

  @Test
  void program() {
    String program = SAMPLE;
    // @start region="program"
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    MachineConfig config = MachineConfig.builder().standardOutput(Channels.newChannel(out)).build();
    try (Machine machine = Machine.boot(config)) {
      machine.exec(program, List.of(program), List.of("PATH=/bin"));
      assertEquals(0, machine.run());

      RunReport report = machine.report();
      System.out.println(report.minorFaults() + " faults, " + report.peakRssPages() + " pages");
      System.out.println(out.toString(StandardCharsets.UTF_8));
    }
    // @end
    assertTrue(out.toString(StandardCharsets.UTF_8).contains("[stack]"));
  }

  @Test
  void steps() {
    String program = SAMPLE;
    // @start region="steps"
    try (Machine machine = Machine.boot(MachineConfig.builder().build())) {
      machine.exec(program, List.of(program), List.of());
      while (!machine.run(1000)) { // a thousand instructions at a time
        Task task = machine.task();
        System.out.println(task.requireMm().rss().total() + " pages resident");
      }
      assertEquals(0, machine.exitStatus());
    }
    // @end
  }

  @Test
  void translate() {
    String program = SAMPLE;
    // @start region="translate"
    try (Machine machine = Machine.boot(MachineConfig.builder().build())) {
      machine.exec(program, List.of(program), List.of());
      machine.run(1000);
      long eip = Integer.toUnsignedLong(machine.cpu().eip());
      long physicalAddress = machine.linearMemory().physicalAddress(eip);
      int pfn = (int) (physicalAddress >>> Ram.PAGE_SHIFT);
      System.out.println(machine.memory().memMap().describe(pfn));
      byte[] code = machine.linearMemory().peek(eip, 16); // looks, and changes nothing
      assertEquals(16, code.length);
    }
    // @end
  }

  @Test
  void whatIf() {
    String program = SAMPLE;
    // @start region="whatIf"
    long[] faults = new long[2];
    for (int tlbEntries : new int[] {4, 64}) {
      MachineConfig config =
          MachineConfig.builder()
              .ramBytes(16L << 20)
              .tlb(tlbEntries, 4)
              .limit(RLimits.STACK, 1L << 20, 1L << 20)
              .build();
      try (Machine machine = Machine.boot(config)) {
        machine.exec(program, List.of(program), List.of());
        machine.run();
        System.out.println(tlbEntries + " entries: " + machine.report().tlb().hitRate());
        faults[tlbEntries / 64] = machine.report().minorFaults();
      }
    }
    assertEquals(faults[0], faults[1]); // a TLB changes the time, never the faults
    // @end
  }

  @Test
  void preset() {
    // @start region="preset"
    MachineConfig config = MachineConfig.builder().preset(Preset.GUIDE).build();
    try (Machine machine = Machine.boot(config)) {
      assertEquals(9, machine.memory().allocator().maxOrder());
      assertEquals(131_072, machine.kmalloc().maxBytes());
      assertEquals(32, machine.kmalloc().ksize(machine.kmalloc().kmalloc(1, Gfp.GFP_KERNEL)));
    }
    // @end
  }
}
