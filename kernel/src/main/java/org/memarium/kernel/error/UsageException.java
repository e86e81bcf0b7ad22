package org.memarium.kernel.error;

/**
 * The user asked for something that cannot be: the message is one clear line that says what was
 * wrong and what would be right, fit to be printed after {@code memarium: } and nothing else.
 *
 * <p>Broken invariants inside are {@link IllegalStateException}, never this.
 */
public class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to print. */
  public UsageException(String line) {
    super(line);
  }

  /** The exit status of a command that ends for this reason: 2, unless a subclass knows better. */
  public int exitStatus() {
    return 2;
  }
}
