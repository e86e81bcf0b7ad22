package org.memarium.mm.slab;

import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.BootedMemory;
import org.memarium.mm.trace.KernelLog;

/** Memory with a slab allocator, for tests. */
final class TestSlabs implements AutoCloseable {
  final BootedMemory memory;
  final KernelLog log = new KernelLog();
  final SlabAllocator allocator;

  private TestSlabs(Architecture architecture, long mib, SlabConfig config) {
    memory = BootedMemory.boot(architecture, mib);
    allocator = new SlabAllocator(memory.allocator, config, log);
  }

  static TestSlabs boot(Architecture architecture, long mib) {
    return new TestSlabs(architecture, mib, SlabConfig.LINUX_6_1);
  }

  static TestSlabs boot(Architecture architecture, long mib, SlabConfig config) {
    return new TestSlabs(architecture, mib, config);
  }

  /** Free pages, those of the per-CPU lists included. */
  long freePages() {
    memory.allocator.node().drainAllPages();
    return memory.allocator.node().freePages();
  }

  /** Audits; these pages are the test's own. */
  void audit(int... pages) {
    Audit audit = memory.beginAudit();
    for (int pfn : pages) {
      audit.claim(pfn, "the test");
      audit.expectReference(pfn);
    }
    allocator.audit(audit);
    memory.finish(audit);
  }

  @Override
  public void close() {
    memory.close();
  }
}
