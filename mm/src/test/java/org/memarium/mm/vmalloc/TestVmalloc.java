package org.memarium.mm.vmalloc;

import java.util.Arrays;
import org.memarium.hardware.Mmu;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.BootedMemory;
import org.memarium.mm.KernelLayout;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.pagetable.KernelMapper;
import org.memarium.mm.pagetable.KernelMemory;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabConfig;
import org.memarium.mm.trace.KernelLog;

/** A kernel without processes, for tests: all of its allocators, and its memory by address. */
final class TestVmalloc implements AutoCloseable {
  final BootedMemory memory;
  final PageAllocator pages;
  final Mmu mmu;
  final KernelMapper mapper;
  final KernelLayout layout;
  final SlabAllocator slabs;
  final Vmalloc vmalloc;
  final KvMalloc kvmalloc;
  final Kmap kmap;
  final KernelMemory kernel;

  TestVmalloc(Architecture architecture, long mib) {
    memory = BootedMemory.boot(architecture, mib);
    pages = memory.allocator;
    mmu = new Mmu(memory.ram, architecture.pageTableFormat(), 64, 4);
    mmu.loadCr3(memory.kernel.pgd());
    mapper = new KernelMapper(memory.kernel, pages, mmu);
    layout = mapper.layout();
    slabs = new SlabAllocator(pages, SlabConfig.LINUX_6_1, new KernelLog());
    vmalloc = new Vmalloc(mapper, slabs);
    kvmalloc = new KvMalloc(slabs, vmalloc);
    kmap = new Kmap(mapper);
    kernel = new KernelMemory(mmu, architecture);
  }

  static TestVmalloc i386() {
    return new TestVmalloc(Architecture.I386, 128);
  }

  Audit beginAudit() {
    Audit audit = memory.beginAudit();
    slabs.audit(audit);
    vmalloc.audit(audit);
    kmap.audit(audit);
    return audit;
  }

  /** Recounts everything, where tests hold no pages of their own. */
  void audit() {
    memory.finish(beginAudit());
  }

  /** Recounts everything, where a test holds one page. */
  void audit(int pfn) {
    Audit audit = beginAudit();
    audit.claim(pfn, "the test");
    audit.expectReference(pfn);
    memory.finish(audit);
  }

  long freePages() {
    return pages.node().freePages();
  }

  /** Takes pages until there are {@code left}; gives them back when closed. */
  Hog takeAllBut(long left) {
    Hog hog = new Hog(this);
    while (freePages() > left) {
      int pfn = pages.allocPages(Gfp.GFP_HIGHUSER | Gfp.NOWARN, 0);
      if (pfn < 0) {
        break;
      }
      hog.add(pfn);
    }
    return hog;
  }

  /** Pages that a test holds. */
  static final class Hog implements AutoCloseable {
    private final TestVmalloc test;
    private int[] pfns = new int[1024];
    private int count;

    Hog(TestVmalloc test) {
      this.test = test;
    }

    void add(int pfn) {
      if (count == pfns.length) {
        pfns = Arrays.copyOf(pfns, 2 * count);
      }
      pfns[count++] = pfn;
    }

    /** Gives a few pages back. */
    void give(int pages) {
      for (int i = 0; i < pages && count > 0; i++) {
        test.pages.freePages(pfns[--count], 0);
      }
    }

    void audit() {
      Audit audit = test.beginAudit();
      for (int i = 0; i < count; i++) {
        audit.claim(pfns[i], "the hog");
        audit.expectReference(pfns[i]);
      }
      test.memory.finish(audit);
    }

    @Override
    public void close() {
      give(count);
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}
