/** Linux's {@code mm/}: frames, page tables, page cache, address spaces, faults. */
module org.memarium.mm {
  requires static transitive org.jspecify;
  requires transitive org.memarium.hardware;

  exports org.memarium.mm;
  exports org.memarium.mm.fault;
  exports org.memarium.mm.file;
  exports org.memarium.mm.frame;
  exports org.memarium.mm.pagetable;
  exports org.memarium.mm.compaction;
  exports org.memarium.mm.oom;
  exports org.memarium.mm.reclaim;
  exports org.memarium.mm.rmap;
  exports org.memarium.mm.slab;
  exports org.memarium.mm.space;
  exports org.memarium.mm.swap;
  exports org.memarium.mm.trace;
  exports org.memarium.mm.vmalloc;
}
