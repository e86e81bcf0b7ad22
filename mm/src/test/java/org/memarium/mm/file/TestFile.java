package org.memarium.mm.file;

import java.io.IOException;
import java.util.Arrays;
import org.memarium.hardware.Ram;
import org.memarium.mm.space.MappedFile;

/** A file whose content is an array, opened once. */
public final class TestFile implements BackingStore, MappedFile {
  public byte[] content;
  public boolean readable = true;
  public boolean writable = true;
  public boolean noExec;
  public boolean cold;
  public boolean hole;
  public boolean broken;
  public MmapKind kind = MmapKind.PAGE_CACHE;
  public int references;
  public int pagesRead;
  public int pagesWritten;
  private final AddressSpace mapping;

  private TestFile(PageCache cache, byte[] content) {
    this.content = content;
    try {
      this.mapping = cache.open(this);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A file of {@code bytes} bytes, each of them its page's number plus 1. */
  public static TestFile of(PageCache cache, int bytes) {
    byte[] content = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      content[i] = (byte) (i / Ram.PAGE_SIZE + 1);
    }
    return new TestFile(cache, content);
  }

  @Override
  public long device() {
    return 0x802;
  }

  @Override
  public long inode() {
    return 42;
  }

  @Override
  public long bytes() {
    return content.length;
  }

  @Override
  public void readPage(long index, Ram ram, int pfn, int count) throws IOException {
    if (broken) {
      throw new IOException("broken");
    }
    pagesRead++;
    int from = (int) index * Ram.PAGE_SIZE;
    int there = Math.clamp(content.length - from, 0, count);
    ram.write((long) pfn << Ram.PAGE_SHIFT, content, from, there);
    ram.fill(((long) pfn << Ram.PAGE_SHIFT) + there, count - there, (byte) 0);
  }

  @Override
  public void writePage(long index, Ram ram, int pfn, int count) throws IOException {
    if (broken) {
      throw new IOException("broken");
    }
    pagesWritten++;
    int to = (int) index * Ram.PAGE_SIZE;
    if (to + count > content.length) {
      content = Arrays.copyOf(content, to + count);
    }
    ram.read((long) pfn << Ram.PAGE_SHIFT, content, to, count);
  }

  @Override
  public void setBytes(long bytes) {
    content = Arrays.copyOf(content, (int) bytes);
  }

  @Override
  public boolean isCold() {
    return cold;
  }

  @Override
  public boolean isHole(long index) {
    return hole;
  }

  @Override
  public MmapKind mmapKind() {
    return kind;
  }

  @Override
  public AddressSpace mapping() {
    return mapping;
  }

  @Override
  public boolean isReadable() {
    return readable;
  }

  @Override
  public boolean isWritable() {
    return writable;
  }

  @Override
  public boolean isNoExec() {
    return noExec;
  }

  @Override
  public String path() {
    return "/test";
  }

  @Override
  public void get() {
    references++;
  }

  @Override
  public void put() {
    references--;
  }
}
