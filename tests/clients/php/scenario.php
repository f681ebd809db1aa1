<?php

// The client that OpenAPI Generator makes plays the scenario of the contract.
// Arguments: endpoint, public key, secret key, folder of the contract, scenario.

use GuzzleHttp\Client;
use VisualSnoop\Api\CollectionApi;
use VisualSnoop\Api\DuplicatesApi;
use VisualSnoop\Api\ImagesApi;
use VisualSnoop\Api\SearchApi;
use VisualSnoop\ApiException;
use VisualSnoop\Configuration;
use VisualSnoop\ObjectSerializer;
use VisualSnoop\Signer;

// The packages of Composer where it has installed them, otherwise those of Debian.
require file_exists(__DIR__ . '/visualsnoop/vendor/autoload.php')
    ? __DIR__ . '/visualsnoop/vendor/autoload.php'
    : 'GuzzleHttp/autoload.php';
spl_autoload_register(function (string $class): void {
    $file = __DIR__ . '/visualsnoop/lib/' . str_replace(['VisualSnoop\\', '\\'], ['', '/'], $class) . '.php';
    if (file_exists($file)) {
        require $file;
    }
});
set_error_handler(function (int $level, string $message, string $file, int $line): bool {
    throw new ErrorException($message, 0, $level, $file, $line);
});

[, $endpoint, $publicKey, $ourSecretKey, $spec, $scenario] = $argv;
$passed = $failed = 0;
$saved = [];

foreach (read("$spec/signing-vectors.json") as $vector) {
    $path = preg_replace('~^\w+://[^/]*|\?.*$~', '', $vector['url']);
    $signed = Signer::signature($vector['secret_key'], $vector['method'], $path, $vector['date']);
    report($vector['name'], different($vector['signature'], $signed, 'signature'));
}

foreach (read($scenario)['calls'] as $step) {
    $handler = Signer::handler($publicKey, $step['secret_key'] ?? $ourSecretKey);
    $client = new Client(['handler' => $handler]);
    $configuration = (new Configuration())->setHost($endpoint);
    $picture = isset($step['picture']) ? fopen("$spec/pictures/{$step['picture']}", 'rb') : null;
    $parameters = filled($step['parameters'] ?? [], $saved);
    try {
        [$model, $status] = call($step['operation'], $parameters, $picture, $client, $configuration);
    } catch (ApiException $error) {
        $model = $error->getResponseObject();
        $status = $error->getCode();
    }
    $answer = json_decode(json_encode(ObjectSerializer::sanitizeForSerialization($model)), true);
    $expected = filled(['status' => $step['status']] + ($step['answer'] ?? []), $saved);
    report($step['name'], array_merge(
        different($step['status'], $status, 'HTTP status'),
        different($expected, $answer, 'answer')
    ));
    foreach ($step['save'] ?? [] as $name => $field) {
        $saved[$name] = $answer[$field];
    }
}
echo "$passed passed, $failed failed\n";
exit($failed > 0 ? 1 : 0);

/** Make a call; the model of the answer, and its status. */
function call(string $operation, array $parameters, $picture, Client $client, Configuration $configuration): array
{
    $collection = new CollectionApi($client, $configuration);
    $images = new ImagesApi($client, $configuration);
    $search = new SearchApi($client, $configuration);
    $duplicates = new DuplicatesApi($client, $configuration);
    $id = $parameters['image_id'] ?? null;
    $otherId = $parameters['other_id'] ?? null;
    $start = $parameters['start'] ?? null;
    $count = $parameters['count'] ?? null;
    $minScore = $parameters['min_score'] ?? null;
    $offset = $parameters['offset'] ?? null;
    return match ($operation) {
        'getCollection' => $collection->getCollectionWithHttpInfo($parameters['session'] ?? null),
        'addImage' => $images->addImageWithHttpInfo($picture),
        'addImageWithId' => $images->addImageWithIdWithHttpInfo($id, $picture),
        'addOrReplaceImage' => $images->addOrReplaceImageWithHttpInfo($id, $picture),
        'getImage' => $images->getImageWithHttpInfo($id),
        'getThumbnail' => $images->getThumbnailWithHttpInfo($id),
        'deleteImage' => $images->deleteImageWithHttpInfo($id),
        'listImages' => $images->listImagesWithHttpInfo($start, $count),
        'searchImages' => $search->searchImagesWithHttpInfo($picture, $count, $minScore, $offset),
        'searchImagesById' => $search->searchImagesByIdWithHttpInfo($id, $count, $minScore, $offset),
        'compareImage' => $search->compareImageWithHttpInfo($id, $picture),
        'compareImagesById' => $search->compareImagesByIdWithHttpInfo($id, $otherId),
        'listDuplicates' => $duplicates->listDuplicatesWithHttpInfo($minScore, $count, $offset),
        'setNotDuplicates' => $duplicates->setNotDuplicatesWithHttpInfo($id, $otherId),
        'unsetNotDuplicates' => $duplicates->unsetNotDuplicatesWithHttpInfo($id, $otherId),
    };
}

/** A value of the scenario with what was saved in it. */
function filled(mixed $value, array $saved): mixed
{
    if (!is_array($value)) {
        return $value;
    }
    if (isset($value['$saved'])) {
        return $saved[$value['$saved']];
    }
    return array_map(fn ($part) => filled($part, $saved), $value);
}

/** Where a value has not at least the fields, and exactly the items, that are expected. */
function different(mixed $expected, mixed $actual, string $place): array
{
    if (is_array($expected) && isset($expected['$at_least'])) {
        return $actual >= $expected['$at_least'] ? [] : ["$place is " . json_encode($actual)];
    }
    if (is_array($expected) && is_array($actual)) {
        if (array_is_list($expected) && count($expected) !== count($actual)) {
            return ["$place has " . count($actual) . ' items, not ' . count($expected)];
        }
        $differences = [];
        foreach ($expected as $name => $part) {
            array_push($differences, ...different($part, $actual[$name] ?? null, "$place.$name"));
        }
        return $differences;
    }
    $isEqual = is_float($actual) ? $expected == $actual : $expected === $actual;
    return $isEqual ? [] : ["$place is " . json_encode($actual) . ', not ' . json_encode($expected)];
}

function report(string $name, array $differences): void
{
    global $passed, $failed;
    if ($differences === []) {
        $passed++;
        return;
    }
    $failed++;
    echo "FAILED  $name: " . implode('; ', $differences) . "\n";
}

function read(string $file): array
{
    return json_decode(file_get_contents($file), true, 512, JSON_THROW_ON_ERROR);
}
