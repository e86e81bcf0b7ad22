package org.memarium.mm.fault;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.memarium.hardware.PageFaultCode;
import org.memarium.hardware.ProcessorException;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.pagetable.KernelMemory;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.trace.VmStatItem;
import org.memarium.mm.vmalloc.Vmalloc;

/** What vmalloc maps while a process's page tables are loaded. */
final class KernelFaultTest {
  private static List<Architecture> architectures() {
    return List.of(Architecture.I386, Architecture.I386_PAE, Architecture.COMPAT);
  }

  /** A process, and a kernel with vmalloc. */
  private static final class Kernel implements AutoCloseable {
    final TestSpace space;
    final Vmalloc vmalloc;
    final MmStruct mm;
    final KernelMemory memory;

    Kernel(Architecture architecture) {
      space = TestSpace.boot(architecture, 64);
      vmalloc = space.vmalloc;
      // Older than what vmalloc will map, and younger than the tables that exist from boot.
      mm =
          Objects.requireNonNull(MmStruct.allocate(space.manager, space.mm.layout(), space.limits));
      space.mm.exit();
      mm.activate();
      memory = new KernelMemory(space.mmu, architecture);
      space.mmu.setFaultHandler((address, code) ->
          space.faults.isKernelFault(address, code)
              ? space.faults.handleKernelFault(address, code)
              : space.faults.handleMmFault(mm, address, code).isHandled());
    }

    void audit() {
      Audit audit = space.memory.beginAudit();
      space.manager.audit(audit);
      space.slab.audit(audit);
      vmalloc.audit(audit);
      space.memory.finish(audit);
    }

    @Override
    public void close() {
      audit();
      space.memory.close();
    }
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void theKernelReachesItThroughAnOlderPageTable(Architecture architecture) {
    try (Kernel kernel = new Kernel(architecture)) {
      long faults = kernel.space.memory.vmStat.get(VmStatItem.PGFAULT);
      long address = kernel.vmalloc.vmalloc(8 << 20);
      kernel.memory.writeInt(address, 1);
      kernel.memory.writeInt(address + (8 << 20) - 4, 2);
      assertEquals(1, kernel.memory.readInt(address));
      // 8 MiB lie under two or three entries; the shared tables of the others need no fault.
      long copied = kernel.space.faults.vmallocFaults();
      assertEquals(architecture.equals(Architecture.I386) ? 2 : 0, copied);
      assertEquals(faults, kernel.space.memory.vmStat.get(VmStatItem.PGFAULT));
      kernel.audit();
      kernel.vmalloc.vfree(address);
    }
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void theProgramDoesNot(Architecture architecture) {
    try (Kernel kernel = new Kernel(architecture)) {
      long address = kernel.vmalloc.vmalloc(4096);
      ProcessorException absent =
          assertThrows(ProcessorException.class, () -> kernel.space.mmu.readByte(address));
      assertTrue((absent.errorCode() & PageFaultCode.USER) != 0);
      kernel.memory.writeByte(address, 1);
      assertThrows(ProcessorException.class, () -> kernel.space.mmu.readByte(address));
      assertThrows(ProcessorException.class, () -> kernel.space.mmu.writeByte(address, 0));
      assertEquals(1, kernel.memory.readByte(address));
      kernel.vmalloc.vfree(address);
    }
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void whatIsNotMappedIsAnErrorOfOneLine(Architecture architecture) {
    try (Kernel kernel = new Kernel(architecture)) {
      long address = kernel.vmalloc.vmalloc(4096);
      long guard = address + 4096;
      IllegalArgumentException oops =
          assertThrows(IllegalArgumentException.class, () -> kernel.memory.writeByte(guard, 1));
      assertEquals(
          "unable to handle kernel paging request at 0x%08x (write, error code 0x2)"
              .formatted(guard),
          oops.getMessage());
      assertFalse(kernel.space.faults.handleKernelFault(guard, 0));
      kernel.vmalloc.vfree(address);
    }
  }
}
