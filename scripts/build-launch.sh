#!/bin/sh
# Usage: build-launch.sh JDK: builds what ./memarium runs, into target/launch/N, and names that
# folder in target/launch/current when it is whole. Called by ./memarium when sources are newer.
#
# - Maven writes to target/launch in each module, apart from what ./check and an IDE build there.
# - A folder is never changed after `current` names it, so a program that still runs from an older
#   build keeps its jars; the folder goes with the next build but one.
# - Of two launchers that start at once, one builds; the other waits, and finds nothing to do.
set -u
home=$(cd "${0%/*}/.." && pwd -P)
JDK=$1
. "$home/scripts/launch.sh"
log=$launch/build.log

fail() {
  echo "memarium: $*" >&2
  exit 2
}

mkdir -p "$launch" && exec 9>"$launch/lock" || fail "cannot write to $launch"
flock -n 9 || {
  echo "memarium: waiting for another launcher, which is building ..." >&2
  flock 9
  is_built && exit 0
}

command -v mvn >/dev/null 2>&1 ||
  fail "needs Maven 3.8.7 or later to build itself, and there is no mvn in PATH; get it from your distribution (maven) or from https://maven.apache.org"

echo "memarium: building, once for these sources (Maven downloads what it lacks) ..." >&2
# Stamped before the build reads the sources: what changes meanwhile is newer, and built next time.
: >"$launch/stamp"
if ! (cd "$home" && JAVA_HOME=$JDK mvn -q -B -Dquick -Dmaven.test.skip=true \
  -Dmemarium.target=target/launch -pl app -am package) >"$log" 2>&1 </dev/null 9>&-; then
  # A line that names a file says more than Maven's headings.
  reason=$(grep -m 1 '^\[ERROR\] /' "$log") || reason=$(grep -m 1 '^\[ERROR\]' "$log")
  fail "the build failed: $(echo "$reason" | cut -c 9-300) (all of it: $log)"
fi

number=1
while [ -e "$launch/$number" ]; do number=$((number + 1)); done
build=$launch/$number
mkdir "$build" && cp "$home"/app/target/launch/*.jar "$home"/app/target/launch/lib/*.jar "$build" ||
  fail "cannot copy the jars to $build"

# The training run: the classes that it loads and the methods that it finds hot go into the cache.
# Without a cache programs only start more slowly, so a failure here is logged and no more.
class_path "$build"
# shellcheck disable=SC2086 # a list of options
if "$JDK/bin/java" $JVM_OPTIONS -XX:AOTCacheOutput="$build/memarium.aot" \
  -Dmemarium.home="$home" -cp "$CLASS_PATH" org.memarium.app.Main run --report "$home/samples/maps" \
  >>"$log" 2>&1 </dev/null 9>&- && [ -f "$build/memarium.aot" ]; then
  echo "$JDK" >"$build/memarium.aot.jdk"
else
  rm -f "$build/memarium.aot"
fi

previous=
if [ -f "$current" ]; then read -r previous <"$current"; fi
echo "$build" >"$launch/next"
touch -r "$launch/stamp" "$launch/next"
mv "$launch/next" "$current"
for old in "$launch"/[0-9]*; do
  [ "$old" = "$build" ] || [ "$old" = "$previous" ] || rm -rf "$old"
done
