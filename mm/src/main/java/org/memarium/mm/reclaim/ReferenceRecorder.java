package org.memarium.mm.reclaim;

import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.PageAccessListener;
import org.memarium.mm.frame.LruObserver;

/**
 * Records the order in which a run uses its pages, for {@link Optimum}, which must know the future.
 *
 * <pre>
 *   file      gzip of: "MEMPAGES", int version, uses, 0
 *   use       number, in 7 bits a byte with the lowest first; the names of pages are numbered from 1
 *             as they come, and a number that is new is followed by its name, 8 bytes
 * </pre>
 *
 * <p>It stands between the machine and a policy, and passes on what the policy is told.
 */
public final class ReferenceRecorder implements LruObserver, PageAccessListener, Closeable {
  /** {@code "MEMPAGES"}. */
  static final long MAGIC = 0x4d454d50_41474553L;

  static final int VERSION = 1;

  private final DataOutputStream out;
  private final PageIdentity identity;
  private final @Nullable LruObserver policy;
  private final @Nullable PageAccessListener policyOfAccesses;
  private final Map<Long, Integer> numbers = new HashMap<>();

  /** Why nothing is written any more; the run goes on. */
  private @Nullable IOException failure;

  /**
   * Begins a recording.
   *
   * @throws IOException if the file cannot be made
   */
  ReferenceRecorder(Path file, PageIdentity identity, ReclaimPolicy policy) throws IOException {
    this.out =
        new DataOutputStream(
            new BufferedOutputStream(new GZIPOutputStream(Files.newOutputStream(file))));
    this.identity = identity;
    this.policy = policy.observer();
    this.policyOfAccesses = policy.accessListener();
    out.writeLong(MAGIC);
    out.writeInt(VERSION);
  }

  private void note(int pfn) {
    long name = identity.noteUse(pfn);
    if (name == PageIdentity.NONE || failure != null) {
      return;
    }
    try {
      Integer number = numbers.get(name);
      if (number == null) {
        numbers.put(name, numbers.size() + 1);
        writeNumber(numbers.size());
        out.writeLong(name);
      } else {
        writeNumber(number);
      }
    } catch (IOException problem) {
      failure = problem;
    }
  }

  private void writeNumber(int number) throws IOException {
    int rest = number;
    while (rest >= 0x80) {
      out.writeByte(rest | 0x80);
      rest >>>= 7;
    }
    out.writeByte(rest);
  }

  /**
   * Ends the recording; without it no policy can read the file.
   *
   * @throws IOException if not all could be written, now or before
   */
  @Override
  public void close() throws IOException {
    if (failure == null) {
      writeNumber(0);
    }
    out.close();
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public void accessed(int pfn, boolean fetch) {
    note(pfn);
    if (policyOfAccesses != null) {
      policyOfAccesses.accessed(pfn, fetch);
    }
  }

  @Override
  public void accessed(int pfn) {
    note(pfn);
    if (policy != null) {
      policy.accessed(pfn);
    }
  }

  @Override
  public void added(int pfn) {
    if (policy != null) {
      policy.added(pfn);
    }
  }

  @Override
  public void rotated(int pfn) {
    if (policy != null) {
      policy.rotated(pfn);
    }
  }

  @Override
  public void removed(int pfn) {
    if (policy != null) {
      policy.removed(pfn);
    }
  }

  @Override
  public int evicted(int pfn, int shadow) {
    return policy == null ? shadow : policy.evicted(pfn, shadow);
  }

  @Override
  public void refaulted(int pfn, int shadow) {
    if (policy != null) {
      policy.refaulted(pfn, shadow);
    }
  }
}
