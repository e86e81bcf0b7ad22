package org.memarium.kernel.exec;

import java.io.IOException;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.BackingStore;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.space.SpecialMappings;
import org.memarium.mm.space.VmFlags;

/**
 * {@code [vdso]} and the areas of data below it, which every program finds mapped; Linux {@code
 * arch/x86/entry/vdso/vma.c}. The code is {@link VdsoImage}'s; the data areas have the size that
 * they have on Linux, so that mappings lie where they lie there, but nothing is in them.
 *
 * <pre>
 *   i386, 6.1    [vvar] 4 pages                              [vdso] 2 pages
 *   compat, 6.18 [vvar] 4 pages     [vvar_vclock] 2 pages    [vdso] 2 pages
 * </pre>
 */
public final class Vdso {
  private static final int VVAR_PAGES = 4;
  private static final int VCLOCK_PAGES = 2;
  private static final int VDSO_PAGES = 2;
  private static final int CODE_PAGES = 1;

  private final Area code;
  private final Area data;
  private final Area clocks;

  /** The areas' contents, one copy for all programs of a machine. */
  public Vdso(PageCache pageCache) {
    code = new Area("[vdso]", pageCache, VdsoImage.build(CODE_PAGES << Ram.PAGE_SHIFT));
    data = new Area("[vvar]", pageCache, new byte[0]);
    clocks = new Area("[vvar_vclock]", pageCache, new byte[0]);
  }

  /**
   * Maps them.
   *
   * @return where the image is; negative errno if there is no room
   */
  long map(MmStruct mm) {
    int vclockPages = mm.layout() == Layout.COMPAT ? VCLOCK_PAGES : 0;
    int pages = VVAR_PAGES + vclockPages + VDSO_PAGES;
    // One search for all of them, as Linux does it.
    long start = SpecialMappings.findRoom(mm, bytes(pages));
    if (Errno.isError(start)) {
      return start;
    }
    long error = SpecialMappings.install(mm, start, bytes(VVAR_PAGES), MmapFlags.PROT_READ, data);
    long at = start + bytes(VVAR_PAGES);
    if (error == 0 && vclockPages > 0) {
      error = SpecialMappings.install(mm, at, bytes(vclockPages), MmapFlags.PROT_READ, clocks);
      at += bytes(vclockPages);
    }
    if (error == 0) {
      int prot = MmapFlags.PROT_READ | MmapFlags.PROT_EXEC;
      error = SpecialMappings.install(mm, at, bytes(VDSO_PAGES), prot, code);
    }
    return error == 0 ? at : error;
  }

  private static long bytes(int pages) {
    return (long) pages << Ram.PAGE_SHIFT;
  }

  /** A nameless file that the kernel maps. */
  private static final class Area implements MappedFile, BackingStore {
    private final String name;
    private final byte[] content;
    private final AddressSpace mapping;

    Area(String name, PageCache pageCache, byte[] content) {
      this.name = name;
      this.content = content;
      try {
        this.mapping = pageCache.open(this);
      } catch (IOException impossible) {
        throw new IllegalStateException("bytes in memory have no size", impossible);
      }
    }

    /** The code as {@code special_mapping} has it; the data may not even be copied by a write. */
    @Override
    public int areaFlags(int flags) {
      return content.length > 0
          ? flags | VmFlags.DONTEXPAND
          : (flags & ~(VmFlags.EXEC | VmFlags.MAYWRITE | VmFlags.MAYEXEC))
              | VmFlags.DONTEXPAND
              | VmFlags.DONTDUMP
              | VmFlags.PFNMAP
              | VmFlags.IO;
    }

    @Override
    public MmapKind mmapKind() {
      return MmapKind.PAGE_CACHE;
    }

    @Override
    public AddressSpace mapping() {
      return mapping;
    }

    @Override
    public boolean isReadable() {
      return true;
    }

    @Override
    public boolean isWritable() {
      return false;
    }

    @Override
    public boolean isSpecialMapping() {
      return true;
    }

    @Override
    public String path() {
      return name;
    }

    @Override
    public void get() {}

    @Override
    public void put() {}

    @Override
    public long device() {
      return 0;
    }

    @Override
    public long inode() {
      return 0;
    }

    @Override
    public long bytes() {
      return content.length;
    }

    @Override
    public void readPage(long index, Ram ram, int pfn, int count) {
      int offset = (int) (index << Ram.PAGE_SHIFT);
      ram.write((long) pfn << Ram.PAGE_SHIFT, content, offset, count);
    }

    @Override
    public void writePage(long index, Ram ram, int pfn, int count) {
      throw new IllegalStateException(name + " was written to");
    }

    @Override
    public void setBytes(long bytes) {
      throw new IllegalStateException(name + " was cut");
    }
  }
}
