package org.memarium.mm.space;

import org.memarium.mm.slab.KernelCaches;
import org.memarium.mm.slab.KmemCache;

/**
 * The caches from which the descriptors of address spaces come (Linux {@code kernel/fork.c}, {@code
 * proc_caches_init}; {@code mm/rmap.c}, {@code anon_vma_init}). Each descriptor is a Java object
 * that holds one object of its cache, from when it is made until it is dropped.
 */
final class DescriptorCaches {
  final KmemCache mmStruct;
  final KmemCache vmAreaStruct;
  final KmemCache anonVma;
  final KmemCache anonVmaChain;
  final KmemCache filp;
  final KmemCache dentry;
  final KmemCache shmemInode;
  final KmemCache hugetlbInode;

  DescriptorCaches(KernelCaches caches) {
    mmStruct = caches.get("mm_struct");
    vmAreaStruct = caches.get("vm_area_struct");
    anonVma = caches.get("anon_vma");
    anonVmaChain = caches.get("anon_vma_chain");
    filp = caches.get("filp");
    dentry = caches.get("dentry");
    shmemInode = caches.get("shmem_inode_cache");
    hugetlbInode = caches.get("hugetlbfs_inode_cache");
  }
}
