package org.memarium.kernel.vfs;

import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/** What splice(2) and tee(2) do with pipes; Linux {@code fs/splice.c}. */
public final class Splice {
  private Splice() {}

  /** Whether it is an end of a pipe. */
  public static boolean isPipe(OpenFile file) {
    return file instanceof PipeEnd;
  }

  /** Whether two ends are of one pipe. */
  public static boolean isSamePipe(OpenFile one, OpenFile other) {
    return one instanceof PipeEnd a && other instanceof PipeEnd b && a.pipe().equals(b.pipe());
  }

  /**
   * How much splice may put into a pipe at once: the pages that are free.
   *
   * @return bytes; 0 while it is full; {@code -EPIPE} if nobody reads it
   */
  public static long room(OpenFile out) {
    Pipe pipe = ((PipeEnd) out).pipe();
    return pipe.readers() == 0 ? -Errno.EPIPE : (long) pipe.freeBuffers() * Ram.PAGE_SIZE;
  }

  /**
   * {@code splice_pipe_to_pipe}, {@code link_pipe}: hands on pages.
   *
   * @param keep whether they stay in the first one too
   * @return bytes; 0 at the end of the first; {@link OpenFile#WOULD_BLOCK}; {@code -EPIPE}
   */
  public static long pipeToPipe(OpenFile in, OpenFile out, int most, boolean keep) {
    Pipe from = ((PipeEnd) in).pipe();
    Pipe to = ((PipeEnd) out).pipe();
    if (to.readers() == 0) {
      return -Errno.EPIPE;
    }
    if (from.isEmpty()) {
      return from.writers() == 0 ? 0 : OpenFile.WOULD_BLOCK;
    }
    return to.isFull() ? OpenFile.WOULD_BLOCK : from.handTo(to, most, keep);
  }
}
