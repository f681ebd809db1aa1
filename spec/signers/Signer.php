<?php

namespace VisualSnoop;

use GuzzleHttp\HandlerStack;
use GuzzleHttp\Middleware;
use Psr\Http\Message\RequestInterface;

final class Signer
{
    /** The signature of a request, as base64. */
    public static function signature(string $secretKey, string $method, string $path, string $date): string
    {
        $message = strtoupper($method) . "\n" . $path . "\n" . $date;
        return base64_encode(hash_hmac('sha1', $message, trim($secretKey), true));
    }

    /** The handler of a GuzzleHttp\Client that signs what it sends. */
    public static function handler(string $publicKey, string $secretKey): HandlerStack
    {
        $stack = HandlerStack::create();
        $stack->push(Middleware::mapRequest(
            function (RequestInterface $request) use ($publicKey, $secretKey): RequestInterface {
                $date = $request->getHeaderLine('Date') ?: gmdate('D, d M Y H:i:s') . ' GMT';
                $path = $request->getUri()->getPath();
                $signed = self::signature($secretKey, $request->getMethod(), $path, $date);
                return $request
                    ->withHeader('Date', $date)
                    ->withHeader('Authorization', "VSHMAC $publicKey:$signed")
                    ->withHeader('X-Visualsnoop-Client-Version', 'my-client/1.0');
            }
        ));
        return $stack;
    }
}
