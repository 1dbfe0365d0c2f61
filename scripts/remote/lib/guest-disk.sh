#!/usr/bin/env bash
# A guest's disks: raw files that only grow. Half a copy has another name until it is whole.

readonly GIB=1073741824

# no_room FILE WHAT: half a disk that filled the file system would stop every other guest on it.
no_room() {
  rm -f "$1.partial"
  die "$2; make room (df -h $STORAGE_DIRECTORY) and run again"
}

# make_file_disk FILE BYTES PREALLOCATION: an empty one.
make_file_disk() {
  local file=$1 bytes=$2 preallocation=$3
  rm -f "$file.partial"
  qemu-img create -q -f raw -o "preallocation=${preallocation/sparse/off}" "$file.partial" "$bytes" >/dev/null ||
    no_room "$file" "can't make $file of $((bytes / GIB)) GiB on $HYPERVISOR"
  mv "$file.partial" "$file"
}

# copy_image FILE BYTES PREALLOCATION: the image, grown to the size of the disk.
copy_image() {
  local file=$1 bytes=$2 preallocation=$3 size began=$SECONDS options=()
  size=$(qemu-img info --output=json -f "$IMAGE_FORMAT" "$IMAGE_FILE" | jq '."virtual-size"')
  [ "$size" -le "$bytes" ] ||
    die "the image is $(((size + GIB - 1) / GIB)) GiB and the disk of $NODE_NAME would be $((bytes / GIB)) GiB; give the node diskGiB of at least the image's size"
  if [ "$preallocation" = full ]; then options=(-S 0); fi # writes zeros too, instead of leaving holes
  rm -f "$file.partial"
  take_copy_slot "$COPY_SLOTS"
  log_info "copying $IMAGE_FILE"
  qemu-img convert -q -f "$IMAGE_FORMAT" -O raw -t none "${options[@]}" "$IMAGE_FILE" "$file.partial" ||
    no_room "$file" "can't copy $IMAGE_FILE to $file on $HYPERVISOR"
  if [ "$bytes" -gt "$size" ]; then
    qemu-img resize -q -f raw --preallocation="${preallocation/sparse/off}" "$file.partial" "$bytes" ||
      no_room "$file" "can't grow $file to $((bytes / GIB)) GiB on $HYPERVISOR"
  fi
  release_copy_slot
  mv "$file.partial" "$file"
  log_info "copied in $((SECONDS - began)) s"
}

# refuse_smaller_disk FILE GIB KEY
refuse_smaller_disk() {
  local have
  have=$(stat --format=%s "$1" 2>/dev/null) || return 0
  [ "$(($2 * GIB))" -ge "$have" ] ||
    die "$3 is $2 and the disk of $NODE_NAME has $((have / GIB)) GiB; a disk can't shrink, and nothing was changed. Set $3 to $((have / GIB)) or more"
}

# grow_disk FILE GIB: also under a running guest, which sees the new size at once.
grow_disk() {
  local file=$1 bytes=$(($2 * GIB)) have
  have=$(stat --format=%s "$file")
  [ "$bytes" -gt "$have" ] || return 0
  log_info "growing $file from $((have / GIB)) to $2 GiB"
  if [ "$(domain_state)" = running ]; then
    libvirt blockresize "$NODE_NAME" "$file" "${bytes}B" >/dev/null
  else
    qemu-img resize -q -f raw "$file" "$bytes"
  fi
  if [ "$PREALLOCATION" = full ]; then fallocate --offset "$have" --length "$((bytes - have))" "$file"; fi
}
