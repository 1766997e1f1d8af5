//! Listings by page as S3 gives them: each page costs what is on it.
//!
//! `s3s-fs` walks the whole bucket for every page, which for a hundred pages of a large backup is a hundred walks. Here
//! the first page walks it, and the others are what that walk found.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, GetObjectInput, GetObjectOutput,
    HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, Object, PutObjectInput,
    PutObjectOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;

/// Objects of a page, as S3 has it.
const PAGE: usize = 1000;

/// A bucket and a prefix.
type Place = (String, Option<String>);

/// A folder as a store, with its listings.
#[derive(Debug)]
pub(super) struct Listed {
    files: FileSystem,
    /// By bucket and prefix what the last first page found, in order of key.
    found: Mutex<HashMap<Place, Arc<[Object]>>>,
}

impl Listed {
    pub(super) fn new(files: FileSystem) -> Self {
        Self { files, found: Mutex::default() }
    }
}

#[async_trait::async_trait]
impl S3 for Listed {
    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.files.get_object(request).await
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.files.head_object(request).await
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.files.put_object(request).await
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.files.delete_object(request).await
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        self.files.delete_objects(request).await
    }

    async fn list_objects_v2(
        &self,
        mut request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        if request.input.delimiter.is_some() {
            return self.files.list_objects_v2(request).await;
        }
        let place = (request.input.bucket.clone(), request.input.prefix.clone());
        let size = request.input.max_keys.and_then(|keys| usize::try_from(keys).ok()).unwrap_or(PAGE).min(PAGE);
        let token = request.input.continuation_token.take();
        let mut answer = ListObjectsV2Output::default();
        let known = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
        let objects = match known.filter(|_| token.is_some()) {
            Some(objects) => objects,
            None => {
                request.input.max_keys = Some(i32::MAX);
                answer = self.files.list_objects_v2(request).await?.output;
                answer.contents.take().unwrap_or_default().into()
            }
        };
        let begin =
            token.as_ref().map_or(0, |token| objects.partition_point(|object| object.key.as_ref() <= Some(token)));
        let page: Vec<Object> = objects.iter().skip(begin).take(size).cloned().collect();
        let is_last = begin + page.len() >= objects.len();
        answer.next_continuation_token = page.last().filter(|_| !is_last).and_then(|object| object.key.clone());
        answer.is_truncated = Some(!is_last);
        answer.key_count = i32::try_from(page.len()).ok();
        answer.contents = Some(page);
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(place, objects);
        Ok(S3Response::new(answer))
    }
}
